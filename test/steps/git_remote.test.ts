import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { setClock } from "../../lib/doors/clock.ts";
import { tryGit } from "../../lib/doors/git.ts";
import { loadRemote } from "../../lib/doors/git_remote.ts";
import { forgetInterrupts, listenForInterrupts } from "../../lib/doors/interrupt.ts";
import { startTime } from "../../lib/doors/processes.ts";
import { openRefs, type Refs } from "../../lib/doors/refs.ts";
import type { UserError } from "../../lib/errors.ts";
import { addRemote, git } from "../bed/git.ts";
import { type Ground, startGround, topOf, writeTo } from "./ground.ts";
import { type TestClock, testClock } from "./test_clock.ts";

let ground: Ground;
let remote = "";
let clock: TestClock;
let stopListening: () => void;
beforeAll(async () => {
  ground = await startGround({ registries: 0 });
  remote = await addRemote(ground.repo);
  await git(ground.repo, "remote", "add", "far", `ssh://far${remote}`);
});
afterAll(() => ground.end());
beforeEach(() => {
  clock = testClock("2025-01-03T10:00:00Z");
  setClock(clock);
  forgetInterrupts();
  stopListening = listenForInterrupts();
});
afterEach(() => {
  stopListening();
  setClock();
  vi.restoreAllMocks();
});

const exit = (code: number) => `exit ${code}`;
const program = (path: string, lines: string) => {
  chmodSync(writeTo(path, `#!/bin/sh\n${lines}\n`), 0o755);
  return path;
};
/** Git with an ssh that does this: `$2` is what it is to run there. */
function over(transport: string) {
  const [pid, ssh] = [join(ground.dir, "ssh.pid"), join(ground.dir, "ssh")];
  program(ssh, `[ "$1" = -G ] && exit 0\nwhile [ "$1" != far ]; do shift; done\n${transport.replaceAll("PID", pid)}`);
  const env = { PATH: process.env["PATH"], HOME: ground.dir, GIT_CONFIG_SYSTEM: "/dev/null", GIT_SSH: ssh };
  rmSync(pid, { force: true });
  return { env, pid: () => (existsSync(pid) ? Number(readFileSync(pid, "utf8")) : 0) };
}
/** An ssh that never answers, with a child of its own. */
const hangs = "sleep 1000 & echo $! > PID; wait";
const refsOver = (env: Readonly<Record<string, string | undefined>>): Refs =>
  openRefs(
    topOf(ground.repo),
    { image: "x", prefix: "refs/slipway", remote: { name: "far", address: "far", pushTo: "far" } },
    env,
  );

/** Waits until the transport is up, and what it started is the program that it is to be. */
const up = (pid: () => number) =>
  vi.waitFor(() => expect(readFileSync(`/proc/${pid()}/comm`, "utf8")).toBe("sleep\n"), { timeout: 50_000 });
/** How many children of a process have ended, and are still there because it does not ask for them. */
const endedBelow = (parent: number): number =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => (existsSync(`/proc/${name}/stat`) ? readFileSync(`/proc/${name}/stat`, "utf8") : ""))
    .filter((stat) => stat.includes(`) Z ${parent} `)).length;
/** Waits until what it started is gone with it. */
const gone = (pid: number) => vi.waitFor(() => expect(startTime(pid)).toBe(""), { timeout: 50_000 });

describe("a repo that Git does not read", () => {
  it.each([
    ["is another user's", { GIT_TEST_ASSUME_DIFFERENT_OWNER: "1" }, /belongs to another user .* dubious ownership/],
    ["a GIT_DIR names that is not there", { GIT_DIR: "/nowhere" }, /not a git repository/],
  ])("is refused, and not taken for one without a remote: one that %s", async (_what, odd, why) => {
    const env = { ...over(exit(0)).env, ...odd };
    const refused = await loadRemote(ground.repo, null, env).catch((error: UserError) => error);
    expect(refused).toMatchObject({
      message: "git rev-parse --git-dir ended with 128",
      why: expect.stringMatching(why),
    });
  });
});

describe("Git that hangs", () => {
  it.each([
    ["ls-remote", ["ls-remote", "far"], 120],
    ["fetch", ["fetch", "--quiet", "far", "main"], 120],
    ["a push of a ref", ["push", "--porcelain", "--no-verify", "far", "HEAD:refs/x"], 120],
    ["a push of a tag, which takes its commits along", ["push", "--porcelain", "far", "HEAD:refs/tags/x"], 1800],
  ])("in %s is told of every 20 s, and ended with its transport after its limit", async (_case, words, limit) => {
    const { env, pid } = over(hangs);
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const calling = tryGit(ground.repo, env, words);
    await up(pid);
    const held = pid();
    for (let at = 0; at < limit; at += 20) clock.advance(20_000);
    const { code, stderr } = await calling;
    expect([code === 0, stderr.split("\n").at(-1)]).toEqual([
      false,
      `far did not answer within ${limit} s, waiting for: sleep 1000`,
    ]);
    const told = write.mock.calls.map(([text]) => text);
    expect(told.slice(0, 2)).toEqual(["waiting for far (20 s)\n", "waiting for far (40 s)\n"]);
    await gone(held);
  });

  it("is not said to wait for a program that has ended, and that nobody asked for its end yet", async () => {
    const { env, pid } = over("sh -c 'true & exec sleep 1000' & echo $! > PID; wait");
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const calling = tryGit(ground.repo, env, ["ls-remote", "far"]);
    await up(pid);
    await vi.waitFor(() => expect(endedBelow(pid())).toBe(1), { timeout: 50_000 });
    clock.advance(120_000);
    expect((await calling).stderr).toContain("far did not answer within 120 s, waiting for: sleep 1000");
  });

  it("is refused with what to look at", async () => {
    const { env, pid } = over(hangs);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const listing = refsOver(env).list();
    const refusal = listing.catch((error: UserError) => error);
    await up(pid);
    clock.advance(120_000);
    expect(await refusal).toMatchObject({
      why: "The remote could not be reached or did not answer. Git says: far did not answer within 120 s, waiting for: sleep 1000",
      fix: expect.stringContaining("git ls-remote far"),
    });
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("is ended by the first %s with its transport", async (signal) => {
    const { env, pid } = over(hangs);
    const calling = tryGit(ground.repo, env, ["ls-remote", "far"]);
    await up(pid);
    const held = pid();
    process.emit(signal, signal);
    expect((await calling).code).not.toBe(0);
    await gone(held);
  });

  it("in a push has three seconds to end by itself when Ctrl-C comes, and in a look after it ten", async () => {
    const { env, pid } = over(hangs);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const calling = tryGit(ground.repo, env, ["push", "--no-verify", "far", "HEAD:refs/x"]);
    await up(pid);
    const held = pid();
    process.emit("SIGINT", "SIGINT");
    clock.advance(2999);
    expect(startTime(held)).not.toBe("");
    clock.advance(1);
    expect((await calling).code).not.toBe(0);
    await gone(held);
    const looking = tryGit(ground.repo, env, ["ls-remote", "far"]);
    await vi.waitFor(() => expect(pid()).not.toBe(held), { timeout: 50_000 });
    clock.advance(10_000);
    expect((await looking).stderr).toContain("far did not answer within 10 s");
  });
});

describe("Git that is done", () => {
  it("has answered though what it started holds on to its output, as the master of a shared ssh connection does", async () => {
    const { env, pid } = over('setsid sleep 1000 & echo $PPID > PID.git; echo $! > PID; sh -c "$2"');
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const listing = tryGit(ground.repo, env, ["ls-remote", "far", "refs/heads/main"]);
    await up(pid);
    const program = readFileSync(join(ground.dir, "ssh.pid.git"), "utf8").trim();
    await vi.waitFor(() => expect(existsSync(`/proc/${program}`)).toBe(false), { timeout: 50_000 });
    clock.advance(120_000);
    expect(await listing).toMatchObject({ code: 0, stdout: `${ground.commit}\trefs/heads/main\n` });
    process.kill(pid(), "SIGKILL");
  });
});

describe("a push whose answer does not come", () => {
  const ref = "refs/slipway/claim/x-1.0.0";
  /** Moves the ref there, and then keeps the connection open for ever; looks are answered. */
  const silent = `case "$2" in git-receive-pack*) sh -c "$2"; ${hangs};; *) sh -c "$2";; esac`;

  it.each([
    ["the limit", () => clock.advance(120_000)],
    ["Ctrl-C", () => void [process.emit("SIGINT", "SIGINT"), clock.advance(3000)]],
  ])("has moved the ref where that is so, whatever ends it: %s", async (_case, end) => {
    const { env, pid } = over(silent);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await git(remote, "update-ref", "-d", ref);
    const moving = refsOver(env).swap([{ ref, from: null, to: ground.commit }]);
    await up(pid);
    end();
    expect((await moving).won).toBe(true);
    expect(await git(remote, "rev-parse", ref)).toBe(ground.commit);
  });

  it("has not where it never came to it", async () => {
    const { env, pid } = over(`case "$2" in git-receive-pack*) ${hangs};; *) sh -c "$2";; esac`);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    await git(remote, "update-ref", "-d", ref);
    const moving = refsOver(env).swap([{ ref, from: null, to: ground.commit }]);
    await up(pid);
    clock.advance(120_000);
    expect((await moving).won).toBe(false);
  });
});

describe("a push of Slipway's own refs", () => {
  it("runs no hook of the user", async () => {
    const { env } = over('sh -c "$2"');
    const hook = program(join(ground.repo, ".git/hooks/pre-push"), exit(1));
    const swapped = await refsOver(env).swap([{ ref: "refs/slipway/claim/x-2.0.0", from: null, to: ground.commit }]);
    expect(swapped).toEqual({ won: true, why: "" });
    expect(readFileSync(hook, "utf8")).toContain("exit 1");
  });

  it("is of that ref alone, whatever the user's own pushes are set to", async () => {
    const { env } = over('sh -c "$2"');
    const settings = [
      ["push.gpgSign", "true"],
      ["push.followTags", "true"],
      ["push.pushOption", "ci.skip"],
      ["push.recurseSubmodules", "only"],
      ["push.default", "nothing"],
    ] as const;
    await git(ground.repo, "tag", "--annotate", "--message", "Own", "own");
    for (const [key, value] of settings) await git(ground.repo, "config", key, value);
    const swapped = await refsOver(env).swap([{ ref: "refs/slipway/claim/x-5.0.0", from: null, to: ground.commit }]);
    for (const [key] of settings) await git(ground.repo, "config", "--unset", key);
    expect(swapped).toEqual({ won: true, why: "" });
    expect(await git(remote, "tag", "--list", "own")).toBe("");
  });

  it("that the server refuses is refused at once, in its words", async () => {
    const { env } = over('sh -c "$2"');
    const asked = join(ground.dir, "asked");
    const hook = program(join(remote, "hooks/pre-receive"), `echo x >> ${asked}\necho heads only >&2\nexit 1`);
    await expect(
      refsOver(env).swap([{ ref: "refs/slipway/claim/x-3.0.0", from: null, to: ground.commit }]),
    ).rejects.toMatchObject({
      message: expect.stringMatching(
        /^the ref refs\/slipway\/claim\/x-3\.0\.0 could not be moved on far: .*hook declined/,
      ),
      why: expect.stringContaining("The server says: heads only"),
      fix: expect.stringContaining("release.ref_prefix: refs/heads/slipway"),
    });
    program(hook, exit(0));
    expect(readFileSync(asked, "utf8")).toBe("x\n");
  });

  it("that somebody else was quicker with is lost, and no failure", async () => {
    const { env } = over('sh -c "$2"');
    const refs = refsOver(env);
    await refs.swap([{ ref: "refs/slipway/claim/x-4.0.0", from: null, to: ground.commit }]);
    const other = await git(ground.repo, "commit-tree", "HEAD^{tree}", "-m", "Other");
    const { won, why } = await refs.swap([{ ref: "refs/slipway/claim/x-4.0.0", from: null, to: other }]);
    expect([won, why.split("\n")[0]]).toEqual([false, expect.stringContaining("stale info")]);
  });
});
