import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
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

it.concurrent.each(["tsx", "bun"])("words after -- are no options of the workflow, under %s", async (runtime) => {
  const { stderr } = await start(runtime, "docker_cmd", "--", "-x", "--", "y");
  expect(stderr).toMatch(/^error: no Git repo in /);
});
