import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configReader } from "../../lib/config/config_reader.ts";
import { parseLint } from "../../lib/config/lint.ts";
import { configSourceOf } from "../../lib/doors/settings.ts";
import { readIn, root } from "../unit/source.ts";

const base = mkdtempSync(join(tmpdir(), "template lint "));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const source = await configSourceOf("repo_config.yaml", readIn("thin_client/template/repo_config.yaml"));
const { linters } = parseLint(configReader(source));
const linterOf = (name: string) => {
  const found = linters.find((one) => one.name === name);
  if (found) return found;
  throw new Error(`the template has no linter called ${name}`);
};

it("the template's linters of Python are ruff's check and format, which change files only to fix them", () => {
  expect(linterOf("python")).toEqual({
    name: "python",
    files: ["*.py"],
    fix: [
      ["ruff", "check", "--fix"],
      ["ruff", "format"],
    ],
    check: [
      ["ruff", "check"],
      ["ruff", "format", "--check"],
    ],
  });
});

describe("the template's linter of Node, by the real biome", () => {
  const { files, fix, check } = linterOf("node");
  const env = { ...process.env, PATH: [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter) };
  const names = files.map((pattern) => `in/a b${pattern.slice(1)}`);
  /** Runs commands as `i lint` does, the files behind their words; gives the codes. */
  const run = (commands: readonly (readonly string[])[]) =>
    commands.map(([program = "", ...words]) => {
      const { status, error } = spawnSync(program, [...words, ...names.map((name) => `./${name}`)], { cwd: base, env });
      if (error) throw error;
      return status;
    });
  const write = (text: string) => {
    for (const name of names) writeFileSync(join(base, name), text);
  };
  const texts = () => names.map((name) => readFileSync(join(base, name), "utf8"));
  const all = (text: string) => names.map(() => text);

  it("tells what is not as it has to be and changes nothing, changes it in files of each name, and is content", () => {
    mkdirSync(join(base, "in"), { recursive: true });
    const before = 'export const  two = [1,\n  "b"]\n';
    write(before);
    expect([run(check), texts()]).toEqual([[1], all(before)]);
    expect([run(fix), texts()]).toEqual([[0], all('export const two = [1, "b"];\n')]);
    expect(run(check)).toEqual([0]);
  });

  it("tells what it cannot fix by itself", () => {
    write("const;\n");
    expect([run(fix), texts()]).toEqual([[1], all("const;\n")]);
  });
});
