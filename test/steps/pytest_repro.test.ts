import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import workflow from "../../scripts/pytest_repro.ts";
import { type Ground, type Place, startGround, told, writeTo } from "./ground.ts";

let ground: Ground;
let at: Place;
beforeAll(async () => {
  ground = await startGround({ inGit: false });
  at = ground.place("place");
});
afterAll(() => ground.end());

const run = (...words: readonly string[]) => at.run(["pytest_repro", workflow], ...words);
const log = "FAILED test/test_a.py::T::t[it's x] - assert 1\nFAILED test/test_a.py::T::u\n";
const logFile = () => at.write("fast.log", `==== FAILURES ====\n__ T.u __\n\u001b]0;x\n==== short ====\n${log}`);
const own = ".git/slipway/reports/place/pytest_cache/v/cache/lastfailed";

describe("pytest_repro", () => {
  it("has nothing to show before any test ran, and says what to type", async () => {
    const { error } = told(await run("--json"));
    expect([error.what, error.fix]).toEqual([
      "no test of place has run here that failed",
      "Run a list, i run_fast_tests, or name a log: --file LOG",
    ]);
  });

  it("reads pytest's cache of the dir, and rather that of a list in its container", async () => {
    at.write(".pytest_cache/v/cache/lastfailed", '{"test/test_old.py": true}');
    expect((await run()).out).toContain(
      "1 failed test in place/.pytest_cache/v/cache/lastfailed\npytest test/test_old.py\n",
    );
    writeTo(join(ground.repo, own), '{"test/test_b.py::t": true, "test/test_a.py": true}');
    const { code, out } = await run("--stage", "local");
    expect([code, out.split("\n")]).toEqual([
      0,
      [
        `2 failed tests in ${own}`,
        "pytest test/test_a.py",
        "pytest test/test_b.py::t",
        "",
        "All of them in the container:",
        "i docker_cmd --stage local -- pytest test/test_a.py test/test_b.py::t",
        "",
      ],
    ]);
  });

  it("reads a log, by classes or files, and names the dir where one stands elsewhere", async () => {
    logFile();
    const { out } = await run("--file", "fast.log", "--mode", "classes");
    expect(out).toContain("1 class with failed tests in place/fast.log\npytest test/test_a.py::T\n");
    at.write("deep/other.log", log);
    const deep = await run("--file", "deep/other.log", "--mode", "files", "--dir", "deep");
    expect(deep.out).toContain("i docker_cmd --dir .. -- pytest test/test_a.py\n");
  });

  it("shows why they failed where the log does, and nothing of it steers the terminal", async () => {
    logFile();
    const { out } = await run("--file", "fast.log", "--show-stacktrace");
    expect(out).toMatch(/^__ T\.u __\n\\u001b\]0;x\n\n2 failed tests in /);
  });

  it("gives machines the same as data", async () => {
    const { out } = await run("--json", "--file", "fast.log", "--mode", "files");
    const failed = ["test/test_a.py::T::t[it's x]", "test/test_a.py::T::u"];
    expect(JSON.parse(out)).toMatchObject({
      result: { file: "place/fast.log", mode: "files", failed, targets: ["test/test_a.py"], leftOut: 0 },
    });
  });

  it("writes a script that runs them with more words, over its own alone unless somebody says yes", async () => {
    const words = ["--file", "fast.log", "--script", "repro.sh"];
    for (const _ of [1, 2]) expect((await run(...words)).code).toBe(0);
    const script = join(at.dir, "repro.sh");
    expect(statSync(script).mode & 0o111).toBe(0o111);
    writeTo(join(ground.dir, "bin/pytest"), '#!/bin/sh\nprintf "[%s]" "$@"\n');
    spawnSync("chmod", ["+x", join(ground.dir, "bin/pytest")]);
    const env = { ...process.env, PATH: `${join(ground.dir, "bin")}:${process.env["PATH"]}` };
    const ran = spawnSync(script, ["-x"], { env, encoding: "utf8" });
    expect(ran.stdout).toBe("[-x][test/test_a.py::T::t[it's x]][test/test_a.py::T::u]");
    at.write("mine.sh", "mine\n");
    expect((await run(...words.slice(0, 3), "mine.sh")).code).toBe(2);
    expect(at.read("mine.sh")).toBe("mine\n");
  });
});
