import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProcess } from "../../lib/doors/settings.ts";
import { type Command, cmd } from "../../lib/model/plan.ts";
import { exitOfContainer } from "../../lib/run/containers.ts";
import { type Acting, type Actor, refused, startActing } from "./acting.ts";
import { digest, refusalOf } from "./factory.ts";

let acting: Acting;
let actor: Actor;
beforeAll(async () => {
  acting = await startActing();
  actor = acting.actor("boxed");
});
afterAll(() => acting.end());

const info = (...plugins: readonly string[]) =>
  `echo '${JSON.stringify({ ServerVersion: "26.1.5", DriverStatus: [], ClientInfo: { Plugins: plugins.map((Name) => ({ Name })) } })}'`;
const run: Command = { ...cmd`docker compose run app`, container: true };
type Engine = {
  /** The containers that are listed for this run. */
  readonly own?: string;
  /** Those of all runs. */
  readonly all?: string;
  readonly compose?: string;
  readonly inspect?: string;
  readonly info?: string;
  readonly other?: string;
};
/** Lets the engine answer so; the container of this run is gone when it was removed. */
function engine(more: Engine): void {
  const gone = join(acting.dir, "gone");
  rmSync(gone, { force: true });
  acting.docker.does(`
case "$1 $*" in
  ps*label=dev.slipway.run*) [ -e '${gone}' ] || { ${more.own ?? "true"}; } ;;
  ps*) ${more.all ?? "true"} ;;
  rm*' c1') touch '${gone}' ;;
  compose*) ${more.compose ?? "exit 0"} ;;
  inspect*) ${more.inspect ?? "echo 'exited|0|'"} ;;
  info*) ${more.info ?? info("compose", "buildx")} ;;
  *) ${more.other ?? "true"} ;;
esac`);
}
/** How the container of a command ended, by compose's own exit code. */
const exitOf = async (code: number) => exitOfContainer((await actor.act([])).world, code);
const asked = () => acting.docker.asked().map((line) => line.replace(/--format \S.*$/, "--format ..."));

describe("a container", () => {
  it("gives the command its own exit code, and is removed with its volumes", async () => {
    engine({ own: "echo c1", compose: "exit 1" });
    expect((await actor.act([run])).states).toEqual(["done"]);
    expect(asked()).toEqual([
      "ps --all --no-trunc --filter label=dev.slipway.owner --format ...",
      "compose run app",
      "ps --all --no-trunc --filter label=dev.slipway.run=run-1 --format ...",
      "inspect --format ...",
      "rm --force --volumes c1",
      "ps --all --no-trunc --filter label=dev.slipway.owner --format ...",
    ]);
    expect(acting.docker.asked()[3]).toBe("inspect --format {{.State.Status}}|{{.State.ExitCode}}|{{.State.Error}} c1");
  });

  it("that fails fails the command", async () => {
    engine({ own: "echo c1", inspect: "echo 'exited|3|'" });
    expect(refused(await actor.act([run]))).toMatchObject({
      exitCode: 3,
      what: 'try stopped at step "1": `docker compose run app` exited with 3',
    });
  });

  it("knows whose it is", async () => {
    engine({ own: "echo c1", compose: 'echo "$SLIPWAY_RUN $SLIPWAY_OWNER"' });
    const { host, boot, pid, started } = loadProcess();
    expect((await actor.act([run])).shown).toContain(`run-1 ${host}|${boot}|${pid}|${started}\n`);
  });

  it.each([
    ["created|127|exec: no such file", 127, "exec: no such file."],
    ["created|126|", 126, 'it stayed "created".'],
    ["created|0|", 125, 'it stayed "created".'],
    ["exited|128|mount: a | b", 125, "mount: a | b."],
  ])("that never started is %s", async (state, exitCode, why) => {
    engine({ own: "echo c1", inspect: `echo '${state}'` });
    expect(await refusalOf(exitOf(1))).toMatchObject({
      ...{ kind: "command", exitCode, why, message: "the container did not start" },
      fix: "Mend what it names, then type the same command again",
    });
    expect(asked().at(-1)).toBe("rm --force --volumes c1");
  });

  it.each([
    ["echo c1", 0, "exit 1", 137],
    ["true", 0, "true", 137],
    ["true", 143, "true", 143],
  ])("that somebody removed was ended from outside: %s, %i, %s", async (own, code, inspect, exitCode) => {
    engine({ own, inspect });
    expect(await refusalOf(exitOf(code))).toMatchObject({
      ...{ kind: "command", exitCode, message: "the container was ended from outside" },
      why: "Somebody removed it while it ran, e.g. with i docker_kill.",
      fix: "Type the same command again to start another",
    });
  });

  it("that was not made has its cause in the engine, or in none", async () => {
    engine({});
    expect(await refusalOf(exitOf(128))).toMatchObject({ exitCode: 125, why: "the engine made no container." });
    engine({ info: "echo down >&2; exit 1" });
    expect(await refusalOf(exitOf(0))).toMatchObject({ kind: "engine", why: "down." });
    engine({ info: info("buildx") });
    expect((await refusalOf(exitOf(1))).message).toContain("docker has no compose plugin");
  });
});

describe("containers that are left", () => {
  const { host, boot, pid, started } = loadProcess();
  const listed = (...rows: readonly string[]) => `printf '%s\\n' ${rows.map((row) => `'${row}'`).join(" ")}`;
  const id = (letter: string) => letter.repeat(64);

  it("by dead processes of this machine are removed, and nobody else's", async () => {
    const rows = [
      `${id("a")} run-0 ${host}|${boot}|4194305|7`,
      `${id("b")} run-0 ${host}|${boot}|${pid}|${started}`,
      `${id("c")} run-0 ${host}|${boot}|${pid}|1`,
      `${id("d")} run-0 ${host}|other boot|${pid}|${started}`,
      `${id("e")} run-0 far|${boot}|4194305|7`,
      `${id("f")} run-1 ${host}|${boot}|${pid}|${started}`,
      `${id("0")}`,
    ];
    engine({ own: "echo c1", all: listed(...rows) });
    const { shown } = await actor.act([run]);
    const removed = `rm --force --volumes ${[id("f"), id("a"), id("c"), id("d")].join(" ")}`;
    expect(asked().filter((line) => line.startsWith("rm"))).toEqual([removed, "rm --force --volumes c1", removed]);
    expect(shown).toContain("removing container aaaaaaaaaaaa, left by process 4194305 that is gone\n");
    expect(shown).not.toContain("ffffffffffff");
  });

  it("are looked for by every plan that makes one, and by no other", async () => {
    engine({ own: "echo c1", other: "exit 1" });
    const [before, after] = [digest("a"), digest("b")];
    const compare = { kind: "compare_packages", before, after, names: ["a", "b"] } as const;
    expect(refused(await actor.act([compare])).kind).toBe("engine");
    expect(asked()[0]).toBe("ps --all --no-trunc --filter label=dev.slipway.owner --format ...");
    expect(asked().at(-1)).toBe(asked()[0]);
    expect(acting.docker.asked()[1]).toBe(
      `create --pull never --network none --entrypoint /none --label dev.slipway.run=run-1 --label dev.slipway.owner=${host}|${boot}|${pid}|${started} ${digest("a")}`,
    );
    engine({});
    await actor.act([cmd`docker version`]);
    expect(asked()).toEqual(["version"]);
  });
});

describe("a container of a run that is stopped", () => {
  /** Stops a run when its container is asked for; gives how it ended and the seconds that went by. */
  async function stopped() {
    const stop = new AbortController();
    const before = acting.clock.now();
    const ended = actor.act([run], { signal: stop.signal });
    while (!asked().includes("compose run app")) await new Promise(setImmediate);
    stop.abort();
    return { error: refused(await ended), seconds: (acting.clock.now() - before) / 1000 };
  }

  it("is removed, also where the engine makes it late", async () => {
    const late = join(acting.dir, "late");
    engine({ own: `[ -e '${late}' ] && echo c9`, compose: "sleep 60" });
    acting.clock.alarm(600, () => writeFileSync(late, ""));
    const { error, seconds } = await stopped();
    expect(error).toMatchObject({ kind: "interrupted", exitCode: 130 });
    expect(seconds).toBe(0.6);
    expect(asked()).toContain("rm --force --volumes c9");
  });

  it("is looked for three seconds", async () => {
    engine({ compose: "sleep 60" });
    const { error, seconds } = await stopped();
    expect(error.kind).toBe("interrupted");
    expect(seconds).toBe(3);
    expect(asked().some((line) => line.startsWith("rm"))).toBe(false);
  });
});

describe("a docker command that fails", () => {
  it("has its cause in the engine where that does not answer, or is too old for the plugin", async () => {
    engine({ other: "exit 1", info: "echo 'is it running?' >&2; exit 1" });
    expect(refused(await actor.act([cmd`docker push x`]))).toMatchObject({
      kind: "engine",
      what: 'try stopped at step "1": no Docker engine answers',
    });
    engine({ other: "exit 1", info: info("compose") });
    expect(refused(await actor.act([cmd`docker buildx build`])).what).toContain("docker has no buildx plugin");
  });

  it("has it in itself otherwise", async () => {
    engine({ other: "exit 4", info: info() });
    expect(refused(await actor.act([cmd`docker push x`]))).toMatchObject({
      exitCode: 4,
      what: 'try stopped at step "1": `docker push x` exited with 4',
    });
  });
});

describe("a build", () => {
  const build: Command = { ...cmd`docker buildx build`, digestFile: "meta.json" };
  const built = (metadata: object | null) =>
    writeFileSync(join(acting.dir, "meta.json"), metadata === null ? "{}" : JSON.stringify(metadata));
  const metadata = { "containerimage.digest": digest("a"), "containerimage.config.digest": digest("c") };

  it("yields the image by the name that the engine has for it", async () => {
    built(metadata);
    engine({ other: `case "$*" in *${digest("a")}) echo ' ${digest("a")} ' ;; image*) exit 1 ;; esac` });
    expect((await actor.act([build])).world.state.image).toBe(digest("a"));
    engine({ other: `case "$*" in *${digest("c")}) echo ${digest("c")} ;; image*) exit 1 ;; esac` });
    expect((await actor.act([build])).world.state.image).toBe(digest("c"));
    expect(asked()).toEqual(["buildx build", "image inspect --format ...", "image inspect --format ..."]);
    expect(acting.docker.asked()[1]).toBe(`image inspect --format {{.Id}} ${digest("a")}`);
  });

  it("that another machine pushed is what its builder says", async () => {
    built(metadata);
    engine({});
    expect((await actor.act([{ ...build, elsewhere: true }])).world.state.image).toBe(digest("a"));
    expect(asked()).toEqual(["buildx build"]);
  });

  it("that the engine does not have is refused", async () => {
    engine({ other: 'case "$1" in image) exit 1 ;; esac' });
    built(metadata);
    const unknown = {
      what: 'try stopped at step "1": the engine does not have what it just built',
      why: `${join(acting.dir, "meta.json")} names no image that docker image inspect knows.`,
      fix: "Look at docker buildx ls: the default builder must be the engine's own",
    };
    expect(refused(await actor.act([build]))).toMatchObject(unknown);
    built(null);
    expect(refused(await actor.act([build]))).toMatchObject(unknown);
  });
});
