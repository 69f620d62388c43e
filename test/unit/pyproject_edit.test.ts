import { describe, expect, it } from "vitest";
import { parseWish, withPackage } from "../../lib/python/pyproject_edit.ts";
import { refusal } from "./factory.ts";

const added = (text: string, wish: string, group = "main") => withPackage(text, parseWish(wish), group);

describe("what is asked for", () => {
  it.each([
    ["a", "a", [], null],
    ["  foo  ", "foo", [], null],
    ["foo2", "foo2", [], null],
    ["foo@1.*", "foo", [], "1.*"],
    ["foo@~1.2 || ^2 ", "foo", [], "~1.2 || ^2"],
    ["foo@1 - 2", "foo", [], "1 - 2"],
    ["foo!=1", "foo", [], "!=1"],
    ["foo~=1", "foo", [], "~=1"],
    ["foo^1", "foo", [], "^1"],
    ["foo<2", "foo", [], "<2"],
    ["foo[a]", "foo", ["a"], null],
    ["foo[a_b, c-d.e,]>=1", "foo", ["a_b", "c-d.e"], ">=1"],
    ["foo[]", "foo", [], null],
    ["foo@ 1", "foo", [], "1"],
  ])("%s", (text, name, extras, constraint) => {
    expect(parseWish(text)).toEqual({ name, extras, constraint });
  });

  it.each([
    ...[
      "",
      "-x",
      "x-",
      "x.",
      ".x",
      "_x",
      "a b",
      "foo@",
      "foo@1;rm",
      "foo>=1;x",
      "foo[a",
      "foo[a]]",
      "foo[a!]",
      "x%foo",
    ],
  ])("%j names no package", (text) => {
    expect(refusal(() => parseWish(text))).toMatchObject({
      message: `"${text}" names no package`,
      why: "A package is letters, digits, dots, dashes and underscores, and a constraint stands behind an @.",
      fix: 'Write it like i package_add pytest-timeout, or i package_add "pandas@^2.1"',
    });
  });
});

describe("poetry's table", () => {
  const table = (lines: string, head = "[tool.poetry.dependencies]") =>
    `[tool.poetry]\nname = "x"\n\n${head}\n${lines}`;
  it.each<[string, string, string, string]>([
    ["gets a line at its end", 'a = "1"\n\n\n[other]\nb = "1"\n', "c", 'a = "1"\nc = "*"\n\n\n[other]\nb = "1"\n'],
    ["gets its first line", "", "c@1", 'c = "1"\n'],
    ["gets a line at the end of the file", 'a = "1"', "c", 'a = "1"\nc = "*"'],
    ["gets the one line of a package", 'A_b = "1" # x\nc = "2"\n', "a-b@^2", 'a-b = "^2"\nc = "2"\n'],
    ["gets the last line of the file", 'a = "1"', "a@2", 'a = "2"'],
    ["gets the line of a quoted name", '  "a.b" = "1"\n', "a-b", 'a-b = "*"\n'],
    ["keeps a line that only begins with the name", 'ab = "1"\n', "a", 'ab = "1"\na = "*"\n'],
    ["keeps a line of another table", 'a = "1"\n[other]\nb = "1"\n', "b", 'a = "1"\nb = "*"\n[other]\nb = "1"\n'],
    [
      "ends where an indented table begins",
      'a = "1"\n  [other]\nb = "1"\n',
      "c",
      'a = "1"\nc = "*"\n  [other]\nb = "1"\n',
    ],
    [
      "has no end in a line with a bracket",
      'a = {extras = ["x"]}\nb = "1"\n',
      "c",
      'a = {extras = ["x"]}\nb = "1"\nc = "*"\n',
    ],
    ["gets extras", 'a = "1"\n', "c[x,y]", 'a = "1"\nc = {version = "*", extras = ["x", "y"]}\n'],
    ["gets one extra", 'a = "1"\n', "c[x]@2", 'a = "1"\nc = {version = "2", extras = ["x"]}\n'],
  ])("%s", (_what, lines, wish, expected) => {
    expect(added(table(lines), wish)).toBe(table(expected));
  });

  it("of a group is its own", () => {
    const head = "  [tool.poetry.group.lint.dependencies]  ";
    expect(added(table('a = "1"\n', head), "b", "lint")).toBe(table('a = "1"\nb = "*"\n', head));
  });

  it("is found at the first line, and behind a note", () => {
    expect(added('[tool.poetry.dependencies]\na = "1"\n', "b")).toBe('[tool.poetry.dependencies]\na = "1"\nb = "*"\n');
    expect(added("[tool.poetry.dependencies] # note\n[x]", "b")).toBe(
      '[tool.poetry.dependencies] # note\nb = "*"\n[x]',
    );
    expect(added("[tool.poetry] # note\n", "b")).toBe('[tool.poetry] # note\n\n[tool.poetry.dependencies]\nb = "*"\n');
  });

  it("is not what a note speaks of", () => {
    expect(() => added("# [tool.poetry]\n", "b")).toThrow("has no [tool.poetry.dependencies]");
  });

  it("keeps a value that holds the name, and lines of spaces at its end", () => {
    const text = '[tool.poetry.dependencies]\na = {path = "b"}\n  \n';
    expect(added(text, "path")).toBe('[tool.poetry.dependencies]\na = {path = "b"}\npath = "*"\n  \n');
  });

  it("keeps a line of that name before it", () => {
    const text = '[x]\nb = "1"\n[tool.poetry.dependencies]\na = "1"\n';
    expect(added(text, "b")).toBe(`${text.trimEnd()}\nb = "*"\n`);
  });

  it("is made at the end where a project of poetry has none of the group", () => {
    const text = '  [tool.poetry]  \nname = "x"\n\n\n';
    expect(added(text, "b", "lint")).toBe(`${text}[tool.poetry.group.lint.dependencies]\nb = "*"\n`);
    for (const [before, gap] of [
      ['[tool.poetry]\nname = "x"', "\n\n"],
      ['[tool.poetry]\nname = "x"\n', "\n"],
    ] as const)
      expect(added(before, "b")).toBe(`${before}${gap}[tool.poetry.dependencies]\nb = "*"\n`);
  });

  it("is made for a group although [project] lists its own dependencies, but not for these", () => {
    const text = '[project]\ndependencies = ["a"]\n\n[tool.poetry]\nx = 1\n';
    expect(added(text, "b", "lint")).toBe(`${text}\n[tool.poetry.group.lint.dependencies]\nb = "*"\n`);
    expect(added(text, "b")).toBe(text.replace('"a"', '"a", "b"'));
  });
});

describe("the list of [project]", () => {
  const list = (lines: string, end = "]\n") => `[project]\nname = "x"\ndependencies = [\n${lines}${end}`;
  it.each<[string, string, string, string]>([
    ["gets an item at its end", '    "a",\n', "b", '    "a",\n    "b",\n'],
    ["gets a comma before it", '    "a"\n', "b", '    "a",\n    "b",\n'],
    ["gets a comma before a note", '    "a>=1"  # "x"\n', "b", '    "a>=1",  # "x"\n    "b",\n'],
    ["gets a comma before a note that ends with one", '    "a" # x,\n', "b", '    "a", # x,\n    "b",\n'],
    ["gets a comma before a line that is a note", '    "a"\n    # "x"\n', "b", '    "a",\n    # "x"\n    "b",\n'],
    ["gets a comma behind the last of a line", '    "a", "b"\n', "c", '    "a", "b",\n    "c",\n'],
    ["gets a comma behind a name in single quotes", "    'a'\n", "b", "    'a',\n    \"b\",\n"],
    [
      "gets a comma behind what holds a hash",
      '    "a @ git+https://x#a"\n',
      "b",
      '    "a @ git+https://x#a",\n    "b",\n',
    ],
    ["gets the item in single quotes", "    'a>=1', # x\n", "a@2", '    "a==2", # x\n'],
    ["gets the item that stands behind another", '    "b", "a>=1",\n', "a@2", '    "b", "a==2",\n'],
    ["keeps a note of that name", '    "b", #a\n', "a", '    "b", #a\n    "a",\n'],
    ["keeps what a note tells of a bracket", '    "b", # ] "a"\n', "a", '    "b", # ] "a"\n    "a",\n'],
    ["has a comma before a note already", '    "a",  # note\n', "b", '    "a",  # note\n    "b",\n'],
    ["is empty", "", "b", '    "b",\n'],
    ["gets the item of a package", '    "A.b[x]>=1",\n    "c"\n', "a-b@2", '    "a-b==2",\n    "c"\n'],
    ["keeps an item that only begins with the name", '    "ab",\n', "a", '    "ab",\n    "a",\n'],
    ["gets extras", '    "a",\n', "b[x,y]>=1", '    "a",\n    "b[x,y]>=1",\n'],
    ["gets any version", '    "a",\n', "b@*", '    "a",\n    "b",\n'],
    ["gets a range", '    "a",\n', "b@>=1,<2", '    "a",\n    "b>=1,<2",\n'],
  ])("%s", (_what, lines, wish, expected) => {
    expect(added(list(lines), wish)).toBe(list(expected));
  });

  it.each([
    ["on the line of the last item", '[\n  "a",\n  "b[x]"]\n', '[\n  "a",\n  "b[x]", "c"]\n'],
    ["behind a comma", '[\n  "a", ] # x ]\n', '[\n  "a", "c"] # x ]\n'],
    ["where the first item stands on the first line", '["a"\n]\n', '["a",\n    "c",\n]\n'],
    ["with line ends of Windows", '[\r\n  "a" # x\r\n]\r\n', '[\r\n  "a", # x\r\n    "c",\n]\r\n'],
  ])("may end %s", (_where, before, after) => {
    expect(added(`[project]\ndependencies = ${before}`, "c")).toBe(`[project]\ndependencies = ${after}`);
  });

  it("is not a list of another name or another table, nor are its items theirs", () => {
    const other = '[project.optional-dependencies]\nx = [\n  "b>=1",\n]\n';
    expect(added(`[project]\ndependencies = [\n]\n${other}`, "b")).toBe(
      `[project]\ndependencies = [\n    "b",\n]\n${other}`,
    );
    expect(added(`[project]\nx = ["b"]\ndependencies = []\n`, "b")).toBe(
      `[project]\nx = ["b"]\ndependencies = ["b"]\n`,
    );
    for (const text of ['[project]\n[x]\ndependencies = ["a"]\n', '[project]\nmy.dependencies = ["a"]\n'])
      expect(() => added(text, "b")).toThrow("has no [tool.poetry.dependencies]");
    expect(() => added('[project]\ndependencies = [\n  "a",\n[x]\ny = []\n', "b")).toThrow("has no [tool.poetry");
  });

  it("ends at an indented bracket", () => {
    expect(added(list('    "a",\n', "  ]\n[x]\n"), "b")).toBe(list('    "a",\n    "b",\n', "  ]\n[x]\n"));
  });

  it.each([
    ['dependencies = ["a"]', 'dependencies = ["a", "b"]'],
    ['dependencies = ["a", ]', 'dependencies = ["a", "b"]'],
    ['  dependencies=["a"] # note', '  dependencies=["a", "b"] # note'],
    ["dependencies = []", 'dependencies = ["b"]'],
    ["dependencies = ['a']", "dependencies = ['a', \"b\"]"],
    ["dependencies = [\"a\", 'b>=1'] # c", 'dependencies = ["a", "b"] # c'],
    ["dependencies = [ ]  # none", 'dependencies = ["b"]  # none'],
  ])("in one line, %s, becomes %s", (before, after) => {
    expect(added(`[project]\n${before}\n`, "b")).toBe(`[project]\n${after}\n`);
  });

  it("is that below [project], not one before it", () => {
    const before = '[other]\ndependencies = ["x"]\n';
    expect(added(`${before}  [project]  \ndependencies = ["a"]\n`, "b")).toBe(
      `${before}  [project]  \ndependencies = ["a", "b"]\n`,
    );
  });

  it.each([
    ["has no place for a group", '[project]\ndependencies = ["a"]\n', "lint", "tool.poetry.group.lint.dependencies"],
    ["is missing", "[project]\n", "main", "tool.poetry.dependencies"],
    ["is nobody's", 'dependencies = ["a"]\n', "main", "tool.poetry.dependencies"],
    ["has no end", "[project]\ndependencies = [\n", "main", "tool.poetry.dependencies"],
    ["is an empty file's", "", "main", "tool.poetry.dependencies"],
  ])("is refused where it %s", (_why, text, group, section) => {
    expect(refusal(() => added(text, "b", group))).toMatchObject({
      message: `pyproject.toml has no [${section}]`,
      why: "A package is added to poetry's table of its group, or to the dependencies of [project].",
      fix: `Add the line [${section}] to it, then run the same command again`,
    });
  });

  it("knows no constraint that PEP 508 does not", () => {
    expect(refusal(() => added("[project]\ndependencies = []\n", "b@^1"))).toMatchObject({
      message: '"^1" cannot stand in the dependencies of [project]',
      why: "They follow PEP 508, which knows no ^.",
      fix: 'Write both ends: i package_add "NAME@>=1.2,<2"',
    });
  });
});
