import { describe, expect, it } from "vitest";
import { configReader, nearest } from "../../lib/model/config_reader.ts";
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
    ["flag", false, true],
    ["zero", true, false],
    ["one", false, true],
    ["none", true, true],
    ["none", false, false],
  ])("tells whether %s, else %s: %s", (key, fallback, expected) => {
    expect(read.flag(["a", key], fallback)).toBe(expected);
  });

  it("tells a list of words, numbers as text", () => {
    expect([read.words(["a", "list"]), read.words(["a", "none"])]).toEqual([["p", "7"], undefined]);
  });

  it("tells texts by name", () => {
    const env = configReader({ file: "f", value: { env: { A: 1, B: null, C: "c" } }, lineOf: () => 1 });
    expect([env.texts(["env"]), env.texts(["absent"])]).toEqual([{ A: "1", B: "", C: "c" }, {}]);
  });

  it("tells one word of several", () => {
    expect([read.oneOf(["a", "text"], ["w", "x"]), read.oneOf(["a", "none"], ["x"])]).toEqual(["x", undefined]);
  });
});

it("a config may hold all keys that are known, or fewer", () => {
  expect(() => read.onlyKeys(["a", "deep"], ["text", "list", "more"])).not.toThrow();
  expect(() => read.onlyKeys(["absent"], [])).not.toThrow();
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
    ["a text as a list", () => read.words(["a", "text"]), "12 a.text is not a list", "Write it as text: [a, b]"],
    [
      "a list as a section, deep inside",
      () => read.node(["a", "deep", "list"]),
      "13 a.deep.list is not a section",
      'Write it as "list:" with keys below it',
    ],
    [
      "a text as a list, deep inside",
      () => read.words(["a", "deep", "text"]),
      "13 a.deep.text is not a list",
      "Write it as text: [a, b]",
    ],
    [
      "an item that is none",
      () => read.words(["a", "odd"]),
      "12 a.odd has an item that is not a text",
      "Put it in quotes",
    ],
    [
      "a number as a flag",
      () => read.flag(["a", "two"], true),
      '12 a.two is "2", not true or false',
      "Write true or false",
    ],
    ["a word of no list", () => read.oneOf(["a", "text"], ["v", "w"]), '12 a.text is "x"', "Use one of: v, w"],
    ["a key of none", () => read.onlyKeys([], ["b", "cc"]), "11 a is not a known key", 'Did you mean "b"?'],
    ["a key below", () => read.onlyKeys(["a"], ["test"]), "12 a.text is not a known key", 'Did you mean "test"?'],
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
