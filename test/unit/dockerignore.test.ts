import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { parseIgnoreFile } from "../../lib/formats/dockerignore.ts";
import { contextFiles, ignoreRows } from "../bed/ignore_files.ts";

describe("an ignore file", () => {
  it.each(ignoreRows)("with %s lets these files through", (_what, text, sent) => {
    const { ignores } = parseIgnoreFile(text);
    expect(contextFiles.filter((path) => !ignores(path))).toEqual(
      [...contextFiles].filter((path) => sent.includes(path)),
    );
  });

  it.each(ignoreRows)("with %s enters every folder of which something is let through", (_what, text, sent) => {
    const { enters } = parseIgnoreFile(text);
    const folders = sent.map((path) => dirname(path)).filter((folder) => folder !== ".");
    expect(folders.filter((folder) => !enters(folder))).toEqual([]);
  });

  it.each([
    ["node_modules\n!src\n", "node_modules", false],
    ["a\n!ab\n", "a", false],
    ["a\n!a/b/*\n", "a", true],
    ["a/b\n!a\n", "a/b", false],
    ["a\n!**/c\n", "a", true],
    ["a\n", "b", true],
  ])("%j enters %s only where an exception may lie in it: %s", (text, folder, isEntered) => {
    expect(parseIgnoreFile(text).enters(folder)).toBe(isEntered);
  });

  it("that the builder refuses ignores nothing by that line", () => {
    expect(parseIgnoreFile("[a\nb\n").ignores("b")).toBe(true);
    expect(parseIgnoreFile("[a\n").ignores("[a")).toBe(false);
  });
});
