import { spawn } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProcess } from "../../lib/doors/processes.ts";
import { type Command, cmd, command } from "../../lib/kinds/command.ts";
import { record } from "../../lib/kinds/record.ts";
import type { Pass } from "../../lib/names/log.ts";
import { comparePackages } from "../../lib/packages/compare_packages.ts";
import { exitOfContainer } from "../../lib/run/containers.ts";
import { digest, refusalOf } from "../unit/factory.ts";
import { type Acting, type Actor, refused, startActing } from "./acting.ts";
import { doing } from "./ground.ts";

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
    engine({ own: "echo 'c1 Exited (0) Less than a second ago'", compose: "exit 1", inspect: "echo 'exited|9|'" });
    expect((await actor.act([run])).states).toEqual(["done"]);
    expect(asked()).toEqual([
      "ps --all --no-trunc --filter label=dev.slipway.owner --format ...",
      "compose run app",
      "ps --all --no-trunc --filter label=dev.slipway.run=run-1.1 --format ...",
      "rm --force --volumes c1",
    ]);
  });

  it("whose exit code may be the engine's own is asked for the engine's reason", async () => {
    engine({ own: "echo 'c1 Exited (127) 1 second ago'", inspect: "echo 'exited|127|no such file'" });
    expect(refused(await actor.act([run]))).toMatchObject({ exitCode: 127, why: "no such file." });
    expect(acting.docker.asked()[3]).toBe("inspect --format {{.State.Status}}|{{.State.ExitCode}}|{{.State.Error}} c1");
  });

  it("that fails fails the command", async () => {
    engine({ own: "echo 'c1 Exited (3) 1 second ago'" });
    expect(refused(await actor.act([run]))).toMatchObject({
      exitCode: 3,
      what: 'try stopped at step "1": `docker compose run app` exited with 3',
    });
  });

  describe("that may run again where it fails", () => {
    /** Exits with these codes, one run after the other. */
    const exits = (...codes: readonly number[]) => {
      const runs = join(acting.dir, "runs");
      rmSync(runs, { force: true });
      const of = `set -- ${codes.join(" ")}; shift $(($(wc -l <'${runs}') - 1)); code=$1`;
      engine({
        own: `${of}; echo "c1 Exited ($code) now"`,
        inspect: "echo 'exited|137|'",
        compose: `rm -f '${join(acting.dir, "gone")}'; echo >>'${runs}'`,
      });
      return () => readFileSync(runs, "utf8").length;
    };
    const again: Command = { ...run, retries: 2, does: "the fast tests", meaning: { "5": { why: "w", fix: "f" } } };
    const entry: Pass = {
      ...{ type: "pass", digest: digest("1"), version: "1.0.0", list: "fast", commit: "c", tree: "t" },
      ...{ runner: "r", platform: "p" },
    };

    it.each<[string, readonly number[], number, { type: string; failed?: number }]>([
      ["passes at once", [0], 1, { type: "pass" }],
      ["fails once", [1, 0], 2, { type: "flaky", failed: 1 }],
      ["fails twice", [1, 3, 0], 3, { type: "flaky", failed: 2 }],
    ])("and %s leaves that in the log", async (_, codes, runs, logged) => {
      const ran = exits(...codes);
      const { refs, act } = acting.actor(`again-x${codes.join("")}`);
      const done = await act([doing("list", again, record({ image: "x", entry }))]);
      expect([done.states, ran(), refs.entries]).toEqual([["done"], runs, [expect.objectContaining(logged)]]);
      expect(done.shown.includes("FLAKY")).toBe(logged.type === "flaky");
      expect(done.world.state.results.get("list")?.failedRuns).toBe(logged.failed);
    });

    it.each([
      ["fails each time", [1, 2, 3], 3, 3],
      ["ends with what has a meaning of its own", [5, 0], 5, 1],
      ["is ended by a signal", [137, 0], 137, 1],
    ])("and %s fails", async (_, codes, exitCode, runs) => {
      const ran = exits(...codes);
      expect([refused(await actor.act([again])).exitCode, ran()]).toEqual([exitCode, runs]);
    });
  });

  it("knows whose it is", async () => {
    engine({ own: "echo c1", compose: 'echo "$SLIPWAY_RUN $SLIPWAY_OWNER"' });
    const { host, boot, pid, started, namespace } = loadProcess();
    expect((await actor.act([run])).shown).toContain(`run-1.1 ${host}|${boot}|${pid}|${started}|${namespace}\n`);
  });

  it("whose client a killed run left behind is removed, and the client ended before it asks for another", async () => {
    engine({ own: "echo c1" });
    const { boot, namespace, pid, started } = loadProcess();
    // A host of its own: no other test takes it for one that it may end.
    const host = "boxed";
    const owner = { ...(await actor.act([])).world.owner, host };
    const gone = [host, boot, 2 ** 22 + 1, "1", namespace].join("|");
    const client = (owner: string, program = join(acting.dir, "docker-compose")) =>
      spawn(program, ["60"], { env: { ...process.env, SLIPWAY_RUN: "run-9", SLIPWAY_OWNER: owner } });
    copyFileSync("/bin/sleep", join(acting.dir, "docker-compose"));
    const left = client(gone);
    // Others may use by now what a client started, as a shared connection of ssh.
    const shared = client(gone, "sleep");
    const owned = client([host, boot, pid, started, namespace].join("|"));
    const ended = new Promise((resolve) => left.once("exit", (_code, signal) => resolve(signal)));
    try {
      const ran = await actor.act([run], { owner });
      expect(await ended).toBe("SIGKILL");
      expect(ran.shown).toContain(`ending process ${left.pid}, left by process 4194305 that is gone\n`);
      expect(asked().slice(0, 2)).toEqual([
        "ps --all --no-trunc --filter label=dev.slipway.run=run-9 --format ...",
        "rm --force --volumes c1",
      ]);
      expect([owned, shared].map((one) => one.exitCode ?? one.signalCode)).toEqual([null, null]);
    } finally {
      for (const one of [left, owned, shared]) one.kill("SIGKILL");
    }
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
      fix: "Fix what it names, then run the same command again",
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
      ...{ kind: "command", exitCode, message: "the container was stopped from outside" },
      why: "Someone removed it while it was running, e.g. with i docker_kill.",
      fix: "Run the same command again to start another",
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

describe("a command behind an entrypoint", () => {
  const behind: Command = { ...run, receipt: { without: "say so" } };
  /** What the container leaves, and the exit code that it ends with; the nonce is the first line of the receipt. */
  const ends = async (left: string, code: number, more: Partial<Command> = {}) => {
    const receipt = `echo "$(cat "$SLIPWAY_RECEIPT")${left}" > "$SLIPWAY_RECEIPT"`;
    engine({ own: "echo c1", compose: left === "" ? "true" : receipt, inspect: `echo 'exited|${code}|'` });
    const ended = await actor.act([{ ...behind, ...more }]);
    expect(readdirSync(join(acting.dir, ".git", "slipway", "receipts"))).toEqual([]);
    return ended;
  };
  it.each([0, 125])("that found no engine inside says why, whatever its entrypoint makes of that: %i", async (code) => {
    expect(refused(await ends(" engine dockerd ended: no iptables", code))).toMatchObject({
      what: expect.stringContaining("the engine inside the container did not come up"),
      why: "dockerd ended: no iptables.",
      exitCode: 125,
    });
  });

  const mayBeEmpty = { meaning: { "5": { why: "Why.", fix: "Fix", passes: true } } } as const;

  it.each([
    [" 0", 0, {}],
    [" 0", 5, mayBeEmpty],
    [" 5", 0, mayBeEmpty],
    [" 5", 5, mayBeEmpty],
  ])("that left%j in a container that ended with %i has passed", async (left, code, more) => {
    expect((await ends(left, code, more)).states).toEqual(["done"]);
  });

  it.each([
    ["fails in a container that passes", " 3", 0, {}, 3],
    ["passes in a container that fails", " 0", 4, {}, 4],
    ["fails in a container that passes by a meaning of its own", " 1", 5, mayBeEmpty, 1],
    ["may be empty in a container that fails", " 5", 1, mayBeEmpty, 1],
  ])("that %s has failed", async (_what, left, code, more, exitCode) => {
    expect(refused(await ends(left, code, more)).exitCode).toBe(exitCode);
  });

  it.each([
    ["leaves nothing", "", 0, {}, 125],
    ["leaves nothing", "", 5, mayBeEmpty, 5],
    ["leaves nothing", "", 2, {}, 2],
    ["leaves no number", " ?", 0, {}, 125],
    ["leaves another nonce", "0 0", 0, {}, 125],
    ["leaves its code and more", " 0 0", 0, {}, 125],
  ])("that %s (%j, %i) did not run", async (_what, left, code, more, exitCode) => {
    expect(refused(await ends(left, code, more))).toMatchObject({
      ...{ kind: "command", exitCode },
      what: `try stopped at step "1": the image's entrypoint ended with ${code}, and did not run the command`,
      fix: 'Let the entrypoint end in exec "$@"; or start it without the entrypoint: say so',
    });
  });

  it("that a signal ended is told as that", async () => {
    expect(refused(await ends("", 137))).toMatchObject({
      exitCode: 137,
      what: expect.stringContaining("exited with 137"),
    });
  });
});

describe("containers that are left", () => {
  const { host, boot, pid, started, namespace } = loadProcess();
  const listed = (...rows: readonly string[]) => `printf '%s\\n' ${rows.map((row) => `'${row}'`).join(" ")}`;
  const id = (letter: string) => letter.repeat(64);

  it("by dead processes of this PID namespace are removed, and nobody else's", async () => {
    const rows = [
      `${id("a")} running run-0 ${host}|${boot}|4194305|7|${namespace}`,
      `${id("b")} running run-0 ${host}|${boot}|${pid}|${started}|${namespace}`,
      `${id("c")} exited run-0 ${host}|${boot}|${pid}|1|${namespace}`,
      `${id("d")} exited run-0 ${host}|other boot|${pid}|${started}|${namespace}`,
      `${id("9")} running run-0 ${host}|other boot|${pid}|${started}|${namespace}`,
      `${id("8")} running run-0 ${host}|${boot}|4194305|7|1`,
      `${id("7")} exited run-0 ${host}|${boot}|4194305|7`,
      `${id("e")} running run-0 far|${boot}|4194305|7|${namespace}`,
      `${id("f")} running run-1 ${host}|${boot}|${pid}|${started}|${namespace}`,
      `${id("0")} running`,
    ];
    engine({ own: "echo c1", all: listed(...rows) });
    const { shown } = await actor.act([run]);
    const removed = `rm --force --volumes ${[id("f"), id("a"), id("c"), id("d")].join(" ")}`;
    expect(asked().filter((line) => line.startsWith("rm"))).toEqual([removed, "rm --force --volumes c1"]);
    expect(shown).toContain("removing container aaaaaaaaaaaa, left by process 4194305 that is gone\n");
    expect(shown).not.toContain("ffffffffffff");
  });

  it("are removed before an image is, for one that is left may be made of it", async () => {
    engine({ all: listed(`${id("a")} created run-0 ${host}|${boot}|4194305|7|${namespace}`) });
    await actor.act([cmd`docker image rm x:1`]);
    expect(asked().slice(-2)).toEqual([`rm --force --volumes ${id("a")}`, "image rm x:1"]);
  });

  it("are looked for by every plan that makes one or removes an image, and by no other", async () => {
    engine({ own: "echo c1", other: "exit 1" });
    const [before, after] = [digest("a"), digest("b")];
    const compare = comparePackages({ before, after, names: ["a", "b"] });
    expect(refused(await actor.act([compare])).kind).toBe("engine");
    expect(asked()[0]).toBe("ps --all --no-trunc --filter label=dev.slipway.owner --format ...");
    expect(asked().at(-1)).toBe(asked()[0]);
    expect(acting.docker.asked()[1]).toBe(
      `create --pull never --network none --entrypoint /none --label dev.slipway.run=run-1.1 --label dev.slipway.owner=${host}|${boot}|${pid}|${started}|${namespace} ${digest("a")}`,
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
    expect((await actor.act([build])).world.state.made.get("1")).toBe(digest("a"));
    engine({ other: `case "$*" in *${digest("c")}) echo ${digest("c")} ;; image*) exit 1 ;; esac` });
    expect((await actor.act([build])).world.state.made.get("1")).toBe(digest("c"));
    expect(asked()).toEqual(["buildx build", "image inspect --format ...", "image inspect --format ..."]);
    expect(acting.docker.asked()[1]).toBe(`image inspect --format {{.Id}} ${digest("a")}`);
  });

  it("that another machine pushed is what its builder says", async () => {
    built(metadata);
    engine({});
    expect((await actor.act([command({ ...build, elsewhere: true })])).world.state.made.get("1")).toBe(digest("a"));
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
