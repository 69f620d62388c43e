import { describe, expect, it } from "vitest";
import { configReader, type Key, type Keys, nearest } from "../../lib/config/config_reader.ts";
import { refusal } from "./factory.ts";

const value = {
  a: {
    text: "x",
    number: 8,
    flag: true,
    zero: 0,
    one: 1,
    two: 2,
    none: null,
    list: ["p", 7],
    odd: [true],
    deep: { list: ["a"], text: "x" },
  },
};
const read = configReader({ file: "sub/repo_config.yaml", value, lineOf: (path) => path.length + 10 });
/** What is read at a key of `a` that is declared so. */
function at(name: string, key: Key, reader = read): unknown {
  return reader.section<Keys>(["a"], { [name]: key }, { open: true })[name];
}
const about = "";
const only = (path: readonly string[], ...names: readonly string[]) =>
  read.section(path, Object.fromEntries(names.map((name) => [name, { is: "anything", about } as const])));

describe("a config", () => {
  it("tells what stands at a key, and nothing where there is none", () => {
    expect(["text", "none", "absent"].map((key) => read.at(["a", key]))).toEqual(["x", undefined, undefined]);
    expect([read.at(["a", "list", "0"]), read.at(["a", "text", "length"]), read.at([])]).toEqual([
      undefined,
      undefined,
      value,
    ]);
  });

  it("tells a section, which may be absent", () => {
    expect([read.node(["a", "deep"]), read.node(["b"]), read.node(["a", "none"])]).toEqual([value.a.deep, {}, {}]);
  });

  it.each([
    ["text", "x"],
    ["number", "8"],
    ["flag", "true"],
    ["none", undefined],
  ])("tells %s as the text %s", (key, expected) => {
    expect(read.text(["a", key])).toBe(expected);
  });

  it.each([
    ["flag", true],
    ["zero", false],
    ["one", true],
    ["none", undefined],
    ["absent", undefined],
  ])("tells whether %s: %s", (key, expected) => {
    expect(at(key, { is: "flag", about })).toBe(expected);
  });

  it("tells a list of words, numbers as text", () => {
    expect([at("list", { is: "words", about }), at("none", { is: "words", about })]).toEqual([["p", "7"], undefined]);
    expect(at("list", { is: "words", of: ["7", "p"], about })).toEqual(["p", "7"]);
  });

  it("tells texts by name", () => {
    const env = configReader({ file: "f", value: { a: { env: { A: 1, B: null, C: "c" } } }, lineOf: () => 1 });
    expect(at("env", { is: "texts", about }, env)).toEqual({ A: "1", B: "", C: "c" });
    expect(at("absent", { is: "texts", about }, env)).toBe(undefined);
  });

  it("tells one word of several", () => {
    expect([at("text", { is: "word", of: ["w", "x"], about }), at("none", { is: "word", of: ["x"], about })]).toEqual([
      "x",
      undefined,
    ]);
  });

  it("tells sections within, those of any name, and a word in their place", () => {
    const keys = { list: { is: "words", about }, text: { is: "text", about } } as const;
    const deep = { list: ["a"], text: "x" };
    expect(at("deep", { is: "section", keys, about })).toEqual(deep);
    expect(at("text", { is: "section", keys, orWord: "x", about })).toBe(undefined);
    const all = configReader({ file: "f", value: { a: { named: { one: deep, two: null } } }, lineOf: () => 1 });
    const each = { is: "section", keys, about } as const;
    expect(at("named", { is: "named", each, about }, all)).toEqual({ one: deep, two: undefined });
  });
});

it("a config may hold all keys that are known, or fewer", () => {
  expect(() => only(["a", "deep"], "text", "list", "more")).not.toThrow();
  expect(() => only(["absent"])).not.toThrow();
});

describe("a config is refused", () => {
  it.each<[string, () => unknown, string, string]>([
    [
      "a text as a section",
      () => read.node(["a", "text"]),
      "12 a.text is not a section",
      'Write it as "text:" with keys below it',
    ],
    [
      "a list as a section",
      () => read.node(["a", "list"]),
      "12 a.list is not a section",
      'Write it as "list:" with keys below it',
    ],
    [
      "a list as a text",
      () => read.text(["a", "list"]),
      "12 a.list is not a text",
      "Give one value, in quotes if it holds special characters",
    ],
    [
      "a text as a list",
      () => at("text", { is: "words", about }),
      "12 a.text is not a list",
      "Write it as text: [a, b]",
    ],
    [
      "a list as a section, deep inside",
      () => read.node(["a", "deep", "list"]),
      "13 a.deep.list is not a section",
      'Write it as "list:" with keys below it',
    ],
    [
      "a text as a list, deep inside",
      () => read.section(["a", "deep"], { text: { is: "words", about } }, { open: true }),
      "13 a.deep.text is not a list",
      "Write it as text: [a, b]",
    ],
    [
      "an item that is none",
      () => at("odd", { is: "words", about }),
      "12 a.odd has an item that is not a text",
      "Put it in quotes",
    ],
    [
      "a number as a flag",
      () => at("two", { is: "flag", about }),
      '12 a.two is "2", not true or false',
      "Write true or false",
    ],
    [
      "a word of no list",
      () => at("text", { is: "word", of: ["v", "w"], about }),
      '12 a.text is "x"',
      "Use one of: v, w",
    ],
    ["a word of none", () => at("list", { is: "words", of: ["p"], about }), '12 a.list names "7"', "Use: p"],
    ["a key of none", () => only([], "b", "cc"), "11 a is not a known key", 'Did you mean "b"?'],
    ["a key below", () => only(["a"], "test"), "12 a.text is not a known key", 'Did you mean "test"?'],
    ["the whole", () => read.fail([], "is empty", "Fill it"), "10 is empty", "Fill it"],
  ])("with file, line and key: %s", (_what, run, message, fix) => {
    expect(refusal(run)).toMatchObject({
      message: `sub/repo_config.yaml:${message}`,
      why: "The config decides what is built, run and released, so each key must be one that is known and of its type.",
      fix,
      kind: "config",
    });
  });

  it("where it is no section at all, with a section to write", () => {
    const list = configReader({ file: "f", value: ["a"], lineOf: () => 1 });
    expect(refusal(() => list.node([]))).toMatchObject({
      message: "f:1 is not a section",
      fix: 'Write it as "docker_info:" with keys below it',
    });
  });
});

describe("the nearest word", () => {
  it.each([
    ["gate", ["image", "gates"], "gates"],
    ["abc", ["abcde", "abd"], "abcde"],
    ["abc", ["xbc", "abc"], "abc"],
    ["bc", ["x", "abc"], "abc"],
    ["abcd", ["wxyz", "bcd"], "bcd"],
    ["kitten", ["sit", "sitting", "mittens"], "mittens"],
    ["kitten", ["kit", "sitting"], "kit"],
    ["flaw", ["crawl", "lawn"], "lawn"],
    ["ab", ["ba", "abc"], "abc"],
    ["a", ["b", "c"], "b"],
    ["pull", ["poetry", "docker_pull"], "docker_pull"],
    [
      "docker_release_multi",
      ["docker_release_dev", "docker_release_multi_build_dev"],
      "docker_release_multi_build_dev",
    ],
    ["gates", ["yes", "quiet"], null],
    ["ab", ["xyzab"], null],
    ["", ["abc", "ab"], "abc"],
    ["a", [], null],
  ])("to %j of %j is %j", (word, words, expected) => {
    expect(nearest(word, words)).toBe(expected);
  });
});
