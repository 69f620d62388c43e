import { describe, expect, it } from "vitest";
import { cutTo, fold, widthOf } from "../../lib/text/columns.ts";
import { lastLine } from "../../lib/text/visible.ts";

describe("the columns that a terminal gives a text", () => {
  it.each([
    ["", 0],
    ["plain text", 10],
    ["Größe", 5],
    ["Gro\u0308ße", 5],
    ["日本", 4],
    ["한국", 4],
    ["ＡＢ", 4],
    ["🚢 ok", 5],
    ["x\u200by", 2],
  ])("of %j are %i", (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });
});

describe("a text cut to columns", () => {
  it.each([
    ["whole", 5, "whole"],
    ["too long", 7, "too ..."],
    ["日本語の行", 7, "日本..."],
    ["日本語の行", 8, "日本..."],
    ["日本語の行", 10, "日本語の行"],
    ["anything", 2, ".."],
    ["anything", 0, ""],
  ])("%j in %i is %j", (text, columns, cut) => {
    expect(cutTo(text, columns)).toBe(cut);
  });
});

describe("a text in lines", () => {
  it.each([
    ["one two three four five six", 20, ["one two three four", "five six"]],
    ["日本語 日本語 日本語 日本語", 20, ["日本語 日本語 日本語", "日本語"]],
    ["a-word-that-is-longer-than-the-line is whole", 20, ["a-word-that-is-longer-than-the-line", "is whole"]],
    ["never below twenty columns", 3, ["never below twenty", "columns"]],
  ])("%j of %i columns is broken between words", (text, columns, lines) => {
    expect(fold(text, columns)).toEqual(lines);
  });
});

describe("what a program printed last", () => {
  it.each([
    ["one\ntwo\n", "two"],
    ["one\ntwo\n\n  \n", "two"],
    ["10 %\r20 %\r", "20 %"],
    ["\u001b[31mred\u001b[0m\n", "red"],
    ["a\u001b[2Jb\tc\u202ed", "a [2Jb c d"],
    ["", ""],
    [" \n", ""],
  ])("of %j is %j", (text, line) => {
    expect(lastLine(text)).toBe(line);
  });
});
