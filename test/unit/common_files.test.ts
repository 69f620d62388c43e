import { describe, expect, it } from "vitest";
import { isCommonPath, parseCommonFiles } from "../../lib/config/common_files.ts";
import { configReader } from "../../lib/config/config_reader.ts";
import { refusal } from "./factory.ts";

const parse = (common_files: unknown) =>
  parseCommonFiles(configReader({ file: "repo_config.yaml", value: { common_files }, lineOf: () => 1 }));

describe("common_files: of repo_config.yaml", () => {
  it("lists files and folders to copy and to link", () => {
    expect(parse({ copy: [".gitleaksignore", ".github/workflows/"], link: ["conftest.py"] })).toEqual({
      copy: [".gitleaksignore", ".github/workflows"],
      link: ["conftest.py"],
    });
    expect(parse(undefined)).toEqual({ copy: [], link: [] });
  });

  it.each([
    ...["", ".", "..", "../a", "a/../b", "a/..", "/etc/passwd", "/", "a//b", "./a", "a/./b", ".git", ".git/hooks/x"],
    ...[
      "a/.git/config",
      ".GIT/config",
      ".git./x",
      ".g\u200cit/x",
      "git~1/x",
      "a\nb",
      "a\tb",
      "a\0b",
      "a\u202eb",
      "a\\b",
    ],
    ...["\ud800", "a\ufffdb", "\u001b[2J"],
  ])("refuse the path %j", (path) => {
    expect(isCommonPath(path)).toBe(false);
    const { message, fix } = refusal(() => parse({ copy: [path] }));
    expect(message).toBe(`repo_config.yaml:1 common_files.copy has ${JSON.stringify(path)}`);
    expect(fix).toContain("below the top of the repo");
  });

  it.each(["a", ".gitignore", "-n", "a b/c", "it's $(x)", "é/ü", "..a", "a..", ".github/x"])(
    "takes the path %j",
    (path) => expect(parse({ link: [path] }).link).toEqual([path]),
  );

  it.each<[unknown, string]>([
    [{ copy: ["a"], link: ["a"] }, 'common_files has "a" and "a"'],
    [{ copy: ["a/b", "a"] }, 'common_files has "a/b" and "a"'],
    [{ copies: ["a"] }, "common_files.copies is not a known key"],
    [{ copy: "a" }, "common_files.copy is not a list"],
    [{ copy: [["a"]] }, "common_files.copy has an item that is not a text"],
  ])("are refused as %j", (list, said) => {
    expect(refusal(() => parse(list)).message).toBe(`repo_config.yaml:1 ${said}`);
  });
});
