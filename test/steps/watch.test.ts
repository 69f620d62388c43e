import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { treeOf } from "../bed/watch.ts";

const dir = mkdtempSync(join(tmpdir(), "watched-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it("a tree has what lies below it, and of a link where it leads and nothing behind it", () => {
  const [watched, behind] = [join(dir, "watched"), join(dir, "behind")];
  for (const folder of [join(watched, "inner"), behind]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(watched, "inner/file"), "");
  writeFileSync(join(behind, "grows"), "");
  symlinkSync(behind, join(watched, "link"));
  const paths = treeOf(watched).map((row) => row.split(" "));
  expect(paths.map(([path]) => path)).toEqual(["inner", "inner/file", "link"]);
  expect(paths.at(-1)?.at(-1)).toBe(behind);
});
