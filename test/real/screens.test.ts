import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../thin_client/engine/command.ts";
import { story } from "../bed/story.ts";
import { openTerminal, type Terminal } from "../bed/terminal.ts";
import { change, changelog, type Ground, makeGround } from "../bed/tiny_repo.ts";
import { workflow } from "../bed/workflow.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await makeGround(3);
});
afterAll(() => ground.end());

const line = (name: string, ...words: readonly string[]) => workflow("bun", name, ...words).join(" ");
const steering = /\p{Cc}\[(?:(\d+)F|K|[\d;]*m)/gu;

describe.each([
  [80, 24],
  [120, 40],
  [40, 15],
])("a terminal of %i columns and %i rows", story, (columns, rows) => {
  const name = `screen${columns}`;
  let repo = "";
  let terminal: Terminal;
  beforeAll(async () => {
    repo = await ground.repo(name);
    const sockets = join(ground.dir, `${columns}`);
    mkdirSync(sockets);
    terminal = await openTerminal(repo, sockets, { size: [columns, rows], env: { TERM: "tmux-256color" } });
  });
  afterAll(() => terminal.end());

  /** Runs a workflow; gives the last screen, as many lines as the terminal has, as one. */
  async function shows(code: number, ...words: readonly [string, ...string[]]): Promise<string> {
    await terminal.clear();
    await terminal.type(`${line(...words)}; echo "[ended:$?]"`);
    const last = await terminal.shows(/\[ended:\d+\]/);
    expect(last).toContain(`[ended:${code}]`);
    return last.replaceAll("\n", "");
  }

  it("shows of a release what was released, where, how large it is and what to type next", async () => {
    const last = await shows(0, "docker_release_dev", "--version", "1.0.0", "--yes");
    expect(last).toMatch(new RegExp(`${name} 1\\.0\\.0 is released: [0-9a-f]{12}r1 `));
    for (const told of ["r3 ", "pull ", "tested       run_fast_tests in this run", "Get it with: i docker_pull"])
      expect(last).toContain(told);
  });

  it("shows of a gate that fails the test that failed, and where its output is", async () => {
    await change(repo, {
      "changelog.txt": changelog(name, "1.1.0", "1.0.0"),
      "test.sh": "echo begins; echo 'FAILED test_x.py::test_one - boom'; exit 1\n",
    });
    const last = await shows(1, "docker_release_dev", "--version", "1.1.0", "--yes");
    for (const told of ["the fast tests exited with 1", "why: FAILED test_x.py::test_one - boom", ".log"])
      expect(last).toContain(told);
  });

  it("shows of a rollback what dev was and what it is", async () => {
    await change(repo, { "test.sh": "exit 0\n" });
    const released = await shows(0, "docker_release_dev", "--version", "1.1.0", "--yes");
    expect(released).toContain(`${name} 1.1.0 is released`);
    const last = await shows(0, "docker_rollback_dev", "--version", "1.0.0", "--yes");
    for (const told of ["dev is 1.0.0 again, ", "It was 1.1.0, "]) expect(last).toContain(told);
  });

  it("shows of the status each tag once, and who rolled dev back", async () => {
    const last = await shows(0, "release_status");
    expect(last).toMatch(/dev {8}[0-9a-f]{12} {2}r1 r2 r3 {4}is 1\.0\.0, rolled back by root/);
    expect(last).toContain("all registries agree");
  });

  it("shows of the doctor its last rows", async () => {
    const last = await shows(0, "doctor");
    expect(last).toContain("ok      history                whole");
  });
});

describe("without a terminal", () => {
  it.each([
    ["in a pipe", "2>&1 | cat", {}],
    ["with TERM=dumb", "", { TERM: "dumb" }],
  ])("%s a release is plain lines", async (_case, behind, env) => {
    const name = `plain${Object.keys(env).length}`;
    const repo = await ground.repo(name);
    const record = join(ground.dir, `${name}.record`);
    const typed = `${line("docker_release_dev", "--version", "1.0.0", "--yes")} ${behind}`;
    // script(1) gives it a terminal and keeps what is written there.
    const ended = await run(["script", "--quiet", "--return", "--command", typed, record], {
      cwd: repo,
      env: { ...process.env, TERM: "xterm", CI: undefined, VITEST: undefined, ...env },
    });
    expect(ended.code, ended.stderr).toBe(0);
    const written = readFileSync(record, "utf8");
    expect(written.match(steering) ?? []).toEqual([]);
    expect(written).toMatch(/\[3\/\d+\] Build [^\r\n]*\r?\n#\d+ /);
  });

  it("what steers a terminal is little: lines that change do so ten times a second at most", async () => {
    const repo = await ground.repo("steered");
    const record = join(ground.dir, "steered.record");
    const began = Date.now();
    const typed = line("docker_release_dev", "--version", "1.0.0", "--yes");
    const ended = await run(["script", "--quiet", "--return", "--command", typed, record], {
      cwd: repo,
      env: { ...process.env, TERM: "xterm", CI: undefined, VITEST: undefined },
    });
    expect(ended.code, ended.stderr).toBe(0);
    const took = (Date.now() - began) / 1000;
    const written = readFileSync(record, "utf8");
    const moves = [...written.matchAll(steering)].filter(([, back]) => back !== undefined);
    expect(moves.length).toBeGreaterThan(0);
    // Each frame moves up once, and each step that ends takes its lines away.
    expect(moves.length).toBeLessThanOrEqual(10 * took + 2 * 20);
    expect(written.replaceAll(steering, "")).not.toMatch(/[^\P{Cc}\r\n\t]/u);
  });
});
