import { describe, expect, it } from "vitest";
import { engineVolume } from "../../lib/config/inner_engine.ts";
import {
  asksKill,
  containerStats,
  execInContainer,
  killContainers,
  listContainers,
} from "../../lib/container/around.ts";
import { asksRemove, listImages, removeImage } from "../../lib/container/engine_images.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { command } from "../../lib/kinds/command.ts";
import { ownContainers } from "../../lib/names/engine_container.ts";
import { renderTable } from "../../lib/text/table.ts";
import { config, container, digest, doing, facts, lines, listedImage, refusal, version } from "./factory.ts";

const [old, last, ended, foreign, other] = [
  container("a1", { created: "2025-01-02T10:00:00Z" }),
  container("b2", { created: "2025-01-02T11:00:00Z" }),
  container("c3", { created: "2025-01-02T12:00:00Z", running: false, status: "Exited (0)" }),
  container("d4", { labels: { "dev.slipway.image": "cmamp", "dev.slipway.user": "ann" } }),
  container("e5", { labels: { "dev.slipway.image": "opt", "dev.slipway.user": "gp" } }),
];
const all = [old, last, ended, foreign, other];
const told = (steps: ReturnType<typeof listContainers>) => doing(steps, announce)[0]?.text ?? "";

describe("the own containers", () => {
  it("are those that this user started of this image, the last one first", () => {
    expect(ownContainers(facts(), all)).toEqual([ended, last, old]);
  });

  it.each([
    [false, 3],
    [true, 5],
  ])("are listed, and with --all (%s) everyone's", (isAll, count) => {
    const steps = listContainers(facts(), { all: isAll }, all);
    expect([told(steps).split("\n").length - 1, doing(steps, announce)[0]?.data]).toEqual([
      count,
      expect.objectContaining({ length: count }),
    ]);
  });

  it("that are none are said to be none", () => {
    expect([
      told(listContainers(facts(), { all: false }, [])),
      told(containerStats(facts(), { all: true }, [])),
    ]).toEqual(["gp has no container of cmamp; --all shows everyone's", "the engine has no running container"]);
  });
});

describe("docker_kill", () => {
  const killed = (options: { all: boolean; container?: string }) =>
    lines(killContainers(facts(), { purge: false, ...options }, { containers: all, volumes: [] })).map((line) =>
      line.replace("docker rm --force --volumes ", ""),
    );
  it.each([
    ["the last own one", { all: false }, ended.id],
    ["the one named by the start of its id", { all: false, container: last.id.slice(0, 6) }, last.id],
    ["the one named by its name", { all: false, container: old.name }, old.id],
    ["all own ones", { all: true }, `${ended.id} ${last.id} ${old.id}`],
  ])("ends %s", (_name, options, expected) => {
    expect(killed(options)).toEqual([expected]);
  });

  it.each([
    ["somebody else's", foreign.id],
    ["another image's", other.name],
    ["a start that is too short", "b2"],
  ])("refuses %s", (_name, wanted) => {
    expect(refusal(() => killed({ all: false, container: wanted }))).toMatchObject({
      message: `"${wanted}" names no container of yours`,
      fix: "See them all: i docker_ps --all",
    });
  });

  it("refuses one name together with all", () => {
    expect(refusal(() => killed({ all: true, container: "x" })).fix).toBe("Drop one of them");
  });

  it("asks for --all only, and only where there is something", () => {
    expect([
      asksKill(facts(), { all: true, purge: false }, { containers: all, volumes: [] }),
      asksKill(facts(), { all: false, purge: false }, { containers: all, volumes: [] }),
      asksKill(facts(), { all: true, purge: false }, { containers: [], volumes: [] }),
    ]).toEqual([`End and remove 3 containers: ${ended.name}, ${last.name}, ${old.name}?`, null, null]);
  });
});

describe("docker_kill --purge", () => {
  const own = engineVolume(facts()).name;
  const purge = { all: true, purge: true };

  it("removes the data of the dir's engine once no container of it is left, and no other dir's", () => {
    const seen = { containers: [last], volumes: [own, "slipway-gp-other-engine"] };
    expect(doing(killContainers(facts(), purge, seen), command).map(({ argv }) => argv)).toEqual([
      ["docker", "rm", "--force", "--volumes", last.id],
      ["docker", "volume", "rm", own],
    ]);
    expect(asksKill(facts(), purge, seen)).toBe(
      `End and remove 1 container: ${last.name}, and the images and containers in the volume ${own}?`,
    );
  });

  it("leaves it where that was not asked for, and has nothing to do where there is none", () => {
    const seen = { containers: [], volumes: [own] };
    expect(doing(killContainers(facts(), { all: true, purge: false }, seen), command)).toEqual([]);
    expect(doing(killContainers(facts(), purge, { containers: [], volumes: [] }), command)).toEqual([]);
  });

  it("is refused for one container: all of the dir share it", () => {
    const one = { all: false, purge: true };
    expect(refusal(() => killContainers(facts(), one, { containers: [], volumes: [own] })).fix).toBe(
      "Type i docker_kill --all --purge",
    );
  });
});

describe("docker_exec", () => {
  const run = (more: { cmd?: string; words?: readonly string[]; container?: string; terminal?: boolean } = {}) =>
    doing(
      execInContainer(facts({ terminal: more.terminal ?? false }), { asRoot: false, words: [], ...more }, all),
      command,
    )[0];
  it("runs in the last one that runs", () => {
    expect(run({ words: ["ls", "a b"] })?.argv).toEqual(["docker", "exec", "--interactive", last.id, "ls", "a b"]);
  });

  it("has a terminal where the person has one", () => {
    expect([run({ terminal: true })?.argv[3], run()?.argv.includes("--tty")]).toEqual(["--tty", false]);
  });

  it("hands text on as one word", () => {
    const text = `a "b" 'c' $d | e`;
    expect(run({ cmd: text })?.argv.at(-1)).toBe(text);
  });

  it("refuses one that has ended", () => {
    expect(refusal(() => run({ container: ended.name })).message).toContain("has ended");
  });

  it("refuses two commands", () => {
    expect(refusal(() => run({ cmd: "a", words: ["b"] })).fix).toBe("Drop one of them");
  });
});

describe("the engine's images", () => {
  const [r1, r2] = ["127.0.0.1:5001/cmamp", "127.0.0.2:5002/cmamp"];
  const settings = config({
    container_registry_info: {
      a: { address: "127.0.0.1:5001", kind: "oci" },
      b: { address: "127.0.0.2:5002", kind: "oci" },
    },
  });
  const images = [
    listedImage(r1, "dev-1.10.0"),
    listedImage(r1, "dev-1.9.0"),
    listedImage(r1, "dev"),
    listedImage(r2, "dev"),
    listedImage("127.0.0.1:5001/opt", "dev"),
    listedImage("elsewhere/cmamp", "dev"),
  ];
  const at = facts({ config: settings });
  const seen = { containers: [], images };
  const shown = (all: boolean) =>
    told(listImages(at, { all }, seen))
      .split("\n")
      .slice(1)
      .map((line) => line.split(/ +/).slice(0, 2).join(" "));

  it("are told per registry in the order of their versions", () => {
    expect(shown(false)).toEqual([`a ${r1}:dev`, `a ${r1}:dev-1.9.0`, `a ${r1}:dev-1.10.0`, `b ${r2}:dev`]);
  });

  it("are with --all the others at the same addresses too", () => {
    expect(shown(true)).toContain("a 127.0.0.1:5001/opt:dev");
  });

  it.each([
    [undefined, [`docker image rm ${r1}:dev ${r2}:dev`], `Remove from the engine: ${r1}:dev, ${r2}:dev?`],
    ["1.9.0", [`docker image rm ${r1}:dev-1.9.0`], `Remove from the engine: ${r1}:dev-1.9.0?`],
    ["1.1.0", [], null],
  ])("of version %s are removed at every registry's repository, after a question", (of, removed, question) => {
    const options = { stage: "dev" as const, version: of ? version(of) : undefined };
    expect([lines(removeImage(at, options, seen)), asksRemove(at, options, seen)]).toEqual([removed, question]);
  });

  it.each([
    ["by its digest", { imageId: digest("f") }],
    ["by its name", { image: `${r2}:dev` }],
  ])("are not removed while a container has one %s", (_name, more) => {
    const used = { images, containers: [container("d4", { running: false, labels: {}, ...more })] };
    expect(refusal(() => removeImage(at, { stage: "dev" }, used)).message).toContain("dev is used by d4");
  });
});

it("a table has columns as wide as their widest cell", () => {
  expect(
    renderTable(
      ["A", "B"],
      [
        ["long", "x"],
        ["y", ""],
      ],
    ),
  ).toBe("A     B\nlong  x\ny");
});
