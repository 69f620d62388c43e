import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Command, cmd, command } from "../../lib/kinds/command.ts";
import { failedTest } from "../../lib/tests/test_meaning.ts";
import { doing, type Ended, type Ground, type Place, startGround, told } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround({ inGit: false });
  at = ground.place("commands");
});
afterAll(() => ground.end());

const sh = (text: string, more: Partial<Command> = {}): Command => ({ ...cmd`sh -c ${text}`, ...more });
const runs = (command: Command, ...argv: readonly string[]): Promise<Ended> =>
  at.plan([doing("run", command)], ...argv);
const refused = async (command: Command) => told(await runs(command, "--json")).error;
const logs = (): readonly string[] => readdirSync(join(ground.repo, ".git", "slipway", "logs"));

describe("a command", () => {
  it("shows what it prints on stderr, and keeps it in the log of the run", async () => {
    const { code, out, err } = await runs(sh("echo out; echo err >&2"));
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err.split("\n").sort()).toEqual(["", "[1/1] Do run", "err", "out"]);
    expect(logs()).toEqual([`try.20250103T100000.${process.pid}.log`]);
    const log = readFileSync(join(ground.repo, ".git", "slipway", "logs", logs()[0] ?? ""), "utf8");
    expect(log.split("\n").sort()).toEqual(["", "err", "out"]);
  });

  it("writes what it prints to a file of its own too, which its next run starts anew", async () => {
    const tee = ".git/slipway/reports/out.log";
    for (const text of ["echo one; echo two >&2; exit 3", "echo three"]) {
      const { code, err } = await runs(sh(text, { tee }));
      const kept = readFileSync(join(ground.repo, tee), "utf8");
      expect([code, kept.split("\n").sort()]).toEqual(code === 0 ? [0, ["", "three"]] : [3, ["", "one", "two"]]);
      expect(err).toContain(kept.split("\n")[0]);
    }
  });

  it("runs in its folder, with the variables of the plan beside those of the person", async () => {
    ground.env["MINE"] = "mine";
    const { err } = await runs(sh('echo "$PWD $MINE $OWN"', { cwd: "commands", env: { OWN: "own" } }));
    expect(err).toContain(`${at.dir} mine own\n`);
    expect((await runs(sh("pwd"))).err).toContain(`${ground.repo}\n`);
  });

  it("has what its caller means for Docker and Git where the caller typed the program's own words, and only there", async () => {
    const shown = sh('echo "<$COMPOSE_FILE><$GIT_DIR>"');
    Object.assign(ground.env, { COMPOSE_FILE: "mine.yml", GIT_DIR: "mine.git" });
    const [own, typed] = [await runs(shown), await runs({ ...shown, typed: true })];
    for (const name of ["COMPOSE_FILE", "GIT_DIR"]) delete ground.env[name];
    expect([own.err, typed.err]).toEqual(["[1/1] Do run\n<><>\n", "[1/1] Do run\n<mine.yml><mine.git>\n"]);
  });

  it("reads what another program prints, which is shown nowhere", async () => {
    const { err } = await runs(sh("read word; echo got $word | tr a-z A-Z", { input: ["echo", "secret"] }));
    expect(err).toBe("[1/1] Do run\nGOT SECRET\n");
  });

  it("does not run where the program whose output it reads fails", async () => {
    const input = ["sh", "-c", "echo one >&2; echo two >&2; exit 4"];
    expect(await refused(sh("echo ran > ran.txt", { input }))).toEqual({
      kind: "command",
      what: "try stopped at step \"run\": `sh -c 'echo one >&2; echo two >&2; exit 4'` exited with 4",
      why: "two",
      fix: "Fix the cause and run the same command again",
    });
    expect((await refused(sh("true", { input: ["false"] }))).why).toBe("It gave no reason.");
    expect(readdirSync(ground.repo)).not.toContain("ran.txt");
  });

  it("that is known by what it does fails under that name, with the line that tells why", async () => {
    const says = "echo collected; echo 'FAILED a.py::b - no'; echo 'FAILED a.py::c - no'; echo '2 failed'; exit 1";
    const ended = await refused(sh(says, { does: "the fast tests", reason: failedTest }));
    expect([ended.what, ended.why]).toEqual([
      'try stopped at step "run": the fast tests exited with 1',
      "FAILED a.py::b - no",
    ]);
    const long = await refused(sh(`echo FAILED ${"x".repeat(400)}; exit 1`, { reason: failedTest }));
    expect(long.why).toBe(`FAILED ${"x".repeat(293)}...`);
    const other = await refused(sh("echo went wrong; exit 1", { does: "the fast tests", reason: failedTest }));
    expect(other.why).toBe("The command's output above shows the cause.");
  });

  it("whose exit code is its own ends the run with it, and nothing is said but what it means", async () => {
    const own = sh("echo said; exit 3", { ownCode: true });
    expect(await runs(own)).toEqual({ code: 3, out: "", err: "[1/1] Do run\nsaid\n" });
    expect((await refused(own)).kind).toBe("exit");
    const meaning = { "3": { why: "It means this.", fix: "Do that" } };
    expect((await runs({ ...own, meaning })).err).toContain("  why: It means this.\n");
  });

  it("that fails gives the workflow its exit code, and ends it", async () => {
    const ended = await at.plan([doing("run", sh("echo why; exit 7"), sh("echo never")), doing("two", sh("echo no"))]);
    const log = join(ground.repo, ".git", "slipway", "logs", `try.20250103T100000.${process.pid}.log`);
    expect(ended).toEqual({
      code: 7,
      out: "",
      err: [
        "[1/2] Do run",
        "why",
        "error: try stopped at step \"run\": `sh -c 'echo why; exit 7'` exited with 7",
        "  why: The command's output above shows the cause.",
        "  fix: Fix the cause and run the same command again",
        `  log: ${log}`,
        "",
      ].join("\n"),
    });
  });

  it("that was not found says so, and names no log where nothing was printed", async () => {
    const { code, err } = await runs(cmd`sh -c ${"exec 2>/dev/null; exec slipway-no-such-program"}`, "--json");
    expect(code).toBe(127);
    expect(err).toContain('  why: "sh" or what it should run was not found.\n');
    expect(err).toMatch(/fix: [^\n]*\n$/);
  });

  it("shows a long line's start in its error", async () => {
    const { what } = await refused(sh(`exit 3 # ${"x".repeat(300)}`));
    expect(what).toBe(`try stopped at step "run": \`sh -c 'exit 3 # ${"x".repeat(184)}...\` exited with 3`);
  });

  it.each([
    [
      "push",
      "denied: adding 9 MiB of storage resource will exceed the configured upper limit of 9 MiB",
      "raise the quota of a/b in c.io",
    ],
    [
      "push",
      "tag invalid: The image tag 'dev' cannot be overwritten because the repository is immutable.",
      "immutable tags of a/b in c.io",
    ],
    [
      "pull",
      "current image with 3 vulnerabilities cannot be pulled due to configured policy",
      "See what it has against a/b in c.io",
    ],
    [
      "pull",
      'failed to resolve reference "c.io/a/b:dev": c.io/a/b:dev: not found',
      "See which registries have it: i release_status",
    ],
  ])("of docker's that fails by a rule of the registry says which: %s, %s", async (word, said, fix) => {
    const info = JSON.stringify({ ServerVersion: "26.1.5", OSType: "linux", Architecture: "x86_64", DriverStatus: [] });
    ground.docker.does(`case "$1" in ${word}) echo "Error: $SAID" >&2; exit 1 ;; *) echo '${info}' ;; esac`);
    const ended = await refused(command({ argv: ["docker", word, "c.io/a/b:dev"], env: { SAID: said }, cwd: "." }));
    expect(ended.why).toContain(`It said: Error: ${said}`);
    expect(ended.fix).toContain(fix);
    const limited = `${said} toomanyrequests`;
    const other = await refused(command({ argv: ["docker", word, "c.io/a/b:dev"], env: { SAID: limited }, cwd: "." }));
    expect(other.why).toBe("The command's output above shows the cause.");
  });

  it("has for some exit codes a meaning of its own", async () => {
    const meaning = {
      "5": { why: "Nothing was found.", fix: "Look elsewhere", passes: true },
      "6": { why: "W", fix: "F" },
    } as const;
    expect(await refused(sh("exit 6", { meaning }))).toMatchObject({ why: "W", fix: "F" });
    expect((await runs(sh("exit 5", { meaning }))).code).toBe(0);
    expect((await runs(sh("exit 8", { meaning }))).code).toBe(8);
  });

  it("tells as its reason the line that the plan looks for", async () => {
    const said = "echo one; echo 'failed: no room'; echo three; exit 1";
    expect((await refused(sh(said, { reason: "failed: .*" }))).why).toBe("failed: no room");
    expect((await refused(sh(said, { reason: "unlucky: .*" }))).why).toBe(
      "The command's output above shows the cause.",
    );
  });

  it("runs again where it says that somebody else was quicker, five times at most", async () => {
    const counted = (file: string, until: number) =>
      sh(`echo x >> ${file}; [ $(wc -l < ${file}) -ge ${until} ] || { echo 'lock is held'; exit 9; }`, {
        again: "lock is",
      });
    expect((await runs(counted("commands/three", 3))).code).toBe(0);
    expect(at.read("three")).toBe("x\nx\nx\n");
    expect((await runs(counted("commands/nine", 9))).code).toBe(9);
    expect(at.read("nine")).toBe("x\nx\nx\nx\nx\n");
  });

  it("runs once where it says something else, or said it long ago", async () => {
    const lines = `echo lock is held; ${"echo; ".repeat(9)} echo x >> commands/once; exit 9`;
    expect((await runs(sh(lines, { again: "lock is" }))).code).toBe(9);
    expect((await runs(sh("echo x >> commands/once; exit 9"))).code).toBe(9);
    expect(at.read("once")).toBe("x\nx\n");
  });
});

describe("--quiet", () => {
  it("shows nothing of a command that passes", async () => {
    expect(await runs(sh("echo out"), "--quiet")).toEqual({ code: 0, out: "", err: "" });
  });

  it("shows the last 30 lines of one that fails", async () => {
    const { err } = await runs(sh("seq 40; exit 1"), "--quiet");
    const lines = Array.from({ length: 30 }, (_, index) => `${index + 11}`);
    expect(err.startsWith(`${lines.join("\n")}\nerror: `)).toBe(true);
  });
});

it("a run goes on where its log cannot be written", async () => {
  const locked = sh("rm -r .git/slipway/logs; echo shown");
  expect(await runs(locked)).toMatchObject({ code: 0, err: "[1/1] Do run\nshown\n" });
});
