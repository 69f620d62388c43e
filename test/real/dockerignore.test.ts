import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import { contextFiles, ignoreRows } from "../bed/ignore_files.ts";
import { needs } from "../bed/parts.ts";
import { write } from "../bed/tiny_repo.ts";

// Our own reading of an ignore file is held to these rows by test/unit/dockerignore.test.ts.
const dir = mkdtempSync(join(tmpdir(), "slipway-ignore-"));
const out = (row: number) => join(dir, "out", String(row));
beforeAll(async () => {
  await needs("engine");
  write(dir, Object.fromEntries(contextFiles.map((path) => [`context/${path}`, path])));
  const target = ignoreRows.map(([, text], row) => {
    write(dir, { [`${row}.Dockerfile`]: "FROM scratch\nCOPY . /\n", [`${row}.Dockerfile.dockerignore`]: text });
    return [row, { context: "context", dockerfile: `../${row}.Dockerfile`, output: [`type=local,dest=${out(row)}`] }];
  });
  const group = { default: { targets: ignoreRows.map((_, row) => String(row)) } };
  write(dir, { "bake.json": JSON.stringify({ group, target: Object.fromEntries(target) }) });
  await must(["docker", "buildx", "bake", "--file", "bake.json"], { cwd: dir });
});
afterAll(() => rmSync(dir, { recursive: true }));

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => relative(folder, path));

describe("the builder is sent", () => {
  it.each(ignoreRows.map(([what, , sent], row) => [what, row, sent] as const))(
    "by %s what we say",
    (_what, row, sent) => {
      expect(filesIn(out(row)).sort()).toEqual([...sent].sort());
    },
  );
});
