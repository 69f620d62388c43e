import { describe, expect, it } from "vitest";
import { assertEngine, isWithoutEngine, lacksImage, plugins } from "../../lib/names/engine.ts";
import { chooseContainer, ownContainers, requireContainer, shortId } from "../../lib/names/engine_container.ts";
import { container, digest, engine, facts, refusal } from "./factory.ts";

describe("an engine", () => {
  it.each(["20.10.0", "20.11", "21.0.1", "26.1.5"])("of version %s will do", (number) => {
    expect(() => assertEngine(engine({ version: number }), plugins)).not.toThrow();
  });

  it.each(["20.9.9", "19.99", "1.13", "20", ""])(
    "of version %j is too old to build and to start containers",
    (number) => {
      expect(refusal(() => assertEngine(engine({ version: number }), ["buildx"]))).toMatchObject({
        message: `the Docker engine is ${number}, older than 20.10`,
        why: "Dockerfiles with COPY --chmod and cache mounts, and Compose 2, need a newer one.",
        fix: "Upgrade Docker, or use a private engine: i engine up",
        kind: "engine",
      });
    },
  );

  it("has two plugins that Slipway needs", () => {
    expect(plugins).toEqual(["buildx", "compose"]);
  });

  it("may be as old as it is where no plugin is needed", () => {
    expect(() => assertEngine(engine({ version: "19.3", plugins: [] }), [])).not.toThrow();
  });

  it.each([
    ["no such socket", "no such socket."],
    ["Is the docker daemon running?", "Is the docker daemon running?"],
  ])("is asked for where none answers, with the reason: %s", (said, why) => {
    expect(refusal(() => assertEngine(engine({ up: false, why: said }), []))).toMatchObject({
      message: "no Docker engine answers",
      why,
      fix: "Start Docker, or a private engine: i engine up",
      kind: "engine",
    });
  });

  it("is not to be started in a container of ours: the config gives it one", () => {
    const { fix } = refusal(() => assertEngine(engine({ up: false, why: "none", inside: true }), []));
    expect(fix).toContain("container: {socket: true} in repo_config.yaml, then i trust");
    expect(fix).not.toContain("i engine up");
  });

  it.each([
    [{}, false],
    [{ CSFY_HOST_GIT_ROOT_PATH: "/repo", CSFY_ENABLE_DIND: "0" }, true],
    [{ CSFY_HOST_GIT_ROOT_PATH: "/repo" }, true],
    [{ CSFY_HOST_GIT_ROOT_PATH: "/repo", CSFY_ENABLE_DIND: "1" }, false],
    [{ CSFY_ENABLE_DIND: "0" }, false],
  ])("is kept from a container of ours unless it is privileged: %j", (env, expected) => {
    expect(isWithoutEngine(env)).toBe(expected);
  });

  it.each([
    [[], "buildx", "none"],
    [["buildx", "scan"], "compose", "buildx, scan"],
    [["compose"], "buildx", "compose"],
  ])("with the plugins %j lacks %s", (found, missing, listed) => {
    expect(refusal(() => assertEngine(engine({ plugins: found }), ["buildx", "compose"]))).toMatchObject({
      message: `docker has no ${missing} plugin`,
      why: `Images are built by buildx and containers started by compose; docker info lists ${listed}.`,
      fix: "See how to install it: i doctor",
      kind: "engine",
    });
  });

  it("needs only the plugins that are asked for", () => {
    expect(() => assertEngine(engine({ plugins: ["compose"] }), ["compose"])).not.toThrow();
  });

  it("that answers lacks an image; of one that does not nobody knows", () => {
    const advice = { why: "It was never built.", fix: "i docker_build_local" };
    expect(lacksImage(engine(), "cmamp:dev", advice)).toMatchObject({
      ...{ message: "the engine has no cmamp:dev", ...advice },
    });
    expect(refusal(() => lacksImage(engine({ up: false, why: "gone" }), "cmamp:dev", advice)).message).toBe(
      "no Docker engine answers",
    );
  });
});

describe("own containers", () => {
  const [old, last] = [container("aaaa1", { created: "2025-01-01T10:00:00Z" }), container("aaaa2")];
  const foreign = container("bbbb1", { labels: { "dev.slipway.image": "cmamp", "dev.slipway.user": "ann" } });
  const other = container("bbbb2", { labels: { "dev.slipway.image": "other", "dev.slipway.user": "gp" } });
  const world = [old, foreign, last, other, container("bbbb3", { labels: {} })];
  const names = (of: typeof world) => ownContainers(facts(), of).map(({ name }) => name);

  it("are those of this user and this image, the last one first", () => {
    expect(names(world)).toEqual(["box_aaaa2", "box_aaaa1"]);
    expect(names([last, old])).toEqual(["box_aaaa2", "box_aaaa1"]);
    expect(world[0]).toBe(old);
  });

  it.each([
    [undefined, "box_aaaa2"],
    ["box_aaaa1", "box_aaaa1"],
    ["aaaa1", "box_aaaa1"],
    ["aaaa10000000", "box_aaaa1"],
  ])("are meant by %s", (wanted, name) => {
    expect(chooseContainer(facts(), world, wanted)?.name).toBe(name);
  });

  it("are none where none was named and there is none", () => {
    expect(chooseContainer(facts(), [], undefined)).toBeUndefined();
  });

  it.each([
    ["aaaa", "more than one", "Give more of its id"],
    ["aaa", "no", "See them all: i docker_ps --all"],
    ["bbbb1", "no", "See them all: i docker_ps --all"],
    ["box_aaaa", "no", "See them all: i docker_ps --all"],
    ["aaa2", "no", "See them all: i docker_ps --all"],
  ])("are not named by %s", (wanted, count, fix) => {
    expect(refusal(() => chooseContainer(facts(), world, wanted))).toMatchObject({
      message: `"${wanted}" names ${count} container of yours`,
      why: "gp has of cmamp: aaaa20000000 box_aaaa2, aaaa10000000 box_aaaa1.",
      fix,
    });
  });

  it("may be none at all", () => {
    expect(refusal(() => chooseContainer(facts(), [], "box")).why).toBe("gp has of cmamp: none.");
  });

  it.each([
    [digest("a"), "aaaaaaaaaaaa"],
    ["0123456789abcdef", "0123456789ab"],
    ["xsha256:0123456789", "xsha256:0123"],
  ])("%s is shown as %s", (id, expected) => {
    expect(shortId(id)).toBe(expected);
  });
});

describe("a container that is needed", () => {
  const ended = container("aaaa2", { running: false });
  const running = container("aaaa1", { created: "2025-01-01T10:00:00Z" });
  const world = [running, ended];

  it.each([
    [undefined, true, "box_aaaa1"],
    [undefined, false, "box_aaaa2"],
    ["aaaa1", true, "box_aaaa1"],
    ["aaaa2", false, "box_aaaa2"],
  ])("named %s, running: %s, is %s", (wanted, alive, name) => {
    expect(requireContainer(facts(), world, { wanted, running: alive }).name).toBe(name);
  });

  it.each([
    ["was named and has ended", world, "aaaa2", true, "container aaaa20000000 has ended"],
    ["is none that runs", [ended], undefined, true, "gp has no running container of cmamp"],
    ["is none", [], undefined, false, "gp has no container of cmamp"],
  ])("is refused where it %s", (_why, of, wanted, alive, message) => {
    expect(refusal(() => requireContainer(facts(), of, { wanted, running: alive }))).toMatchObject({
      message,
      why: "This works on a container that you started from this image.",
      fix: "Start one: i docker_bash; see what there is: i docker_ps --all",
    });
  });
});
