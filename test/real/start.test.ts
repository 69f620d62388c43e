import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stepsOf } from "../../lib/plan/plan.ts";
import { run } from "../../thin_client/engine/command.ts";
import { makeClone } from "../bed/thin_clone.ts";
import { root } from "../unit/source.ts";

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Starts a script as one types it, in a folder that is no runnable dir. */
const start = (runtime: string, name: string, ...argv: readonly string[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(`${root}/node_modules/.bin/${runtime}`, [`${root}/scripts/${name}.ts`, ...argv], {
      cwd: tmpdir(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const text = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text.stdout += part));
    child.stderr.setEncoding("utf8").on("data", (part: string) => (text.stderr += part));
    child.on("error", reject).on("close", (code) => resolve({ code, ...text }));
  });

it.concurrent.each([
  ["tsx", "docker_release_dev"],
  ["bun", "docker_release_dev"],
  ["tsx", "run_qa_tests"],
])("%s %s --help prints the page on stdout, also where no runnable dir is", async (runtime, name) => {
  expect(await start(runtime, name, "--help")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      new RegExp(`^[A-Z][^]*\\.\n\nUsage: i ${name} \\[OPTIONS\\]\n\nExamples:\n {2}i ${name}\\b`),
    ),
    stderr: "",
  });
});

it.concurrent("a wrong option is exit code 2 with why and fix on stderr, and nothing on stdout", async () => {
  expect(await start("tsx", "docker_pull", "--stagee", "dev")).toEqual({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(
      /^error: "--stagee" is not an option of this workflow\n +why: .*\n +fix: Did you mean --stage\?/,
    ),
  });
});

it.concurrent("with --json the error is an object with its kind on stdout", async () => {
  const { code, stdout } = await start("tsx", "docker_pull", "--json", "--stage", "test");
  expect([code, JSON.parse(stdout)]).toMatchObject([2, { error: { kind: "refused", what: '"test" is not a stage' } }]);
});

it.concurrent("where no Git repo is, that is said and what to do", async () => {
  expect(await start("bun", "release_status", "--dir", "/")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("git init"),
  });
});

describe("a clone without packages", () => {
  const dir = mkdtempSync(join(tmpdir(), "without-"));
  const clone = join(dir, "clone");
  beforeAll(() => void makeClone(clone));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each(["tsx", "bun"])(
    "has a quickstart that plans, and makes them in its first steps, under %s",
    async (runtime) => {
      expect(existsSync(join(clone, "node_modules"))).toBe(false);
      const argv = [join(clone, "thin_client/quickstart.ts"), "--dir", join(dir, "sample"), "--dry-run", "--json"];
      const { code, stdout, stderr } = await run([join(root, "node_modules/.bin", runtime), ...argv], { cwd: dir });
      const ids = stepsOf(JSON.parse(stdout)).map(({ id }) => id);
      expect([code, stderr, ids.slice(0, 3)]).toEqual([0, "", ["claim_dir", "hold_engine", "thin_env"]]);
      expect(readdirSync(dir)).toEqual(["clone"]);
    },
  );
});

it.concurrent.each(["tsx", "bun"])("words after -- are no options of the workflow, under %s", async (runtime) => {
  const { stderr } = await start(runtime, "docker_cmd", "--", "-x", "--", "y");
  expect(stderr).toMatch(/^error: no Git repo in /);
});
