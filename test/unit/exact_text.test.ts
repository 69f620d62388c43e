import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeExact, encodeExact, keepingEnds } from "../../lib/text/exact_text.ts";

describe("exact text", () => {
  it("gives back any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => encodeExact(decodeExact(Buffer.from(bytes))).equals(Buffer.from(bytes))),
    );
  });

  it.each([
    ["caf\xe9\n", "caf\udce9\n"],
    ["\xef\xbb\xbf\xc3\xa9", "\uFEFF\u00e9"],
    ["\xef\xbf\xbd", "\uFFFD"],
    ["\xef\xbf\xbd\xff", "\uFFFD\udcff"],
    ["\xed\xa0\x80", "\udced\udca0\udc80"],
    ["\xf0\x9f\x98\x80\xc3", "\u{1F600}\udcc3"],
    ["\xc0\xaf", "\udcc0\udcaf"],
  ])("has each byte that is no UTF-8 as a lone surrogate: %j", (bytes, text) => {
    expect(decodeExact(Buffer.from(bytes, "latin1"))).toBe(text);
    expect(encodeExact(text).toString("latin1")).toBe(bytes);
  });
});

describe("a change of a text", () => {
  const onTop = (text: string) => `new\n${text}`;
  const inMiddle = (text: string) => text.replace("b", "B\nBB");
  it.each<[string, (text: string) => string, string]>([
    ["a\nb\nc", onTop, "new\na\nb\nc"],
    ["a\r\nb\r\nc\r\n", onTop, "new\r\na\r\nb\r\nc\r\n"],
    ["a\r\nb\r\nc\r\n", inMiddle, "a\r\nB\r\nBB\r\nc\r\n"],
    ["a\nb\r\nc\n", inMiddle, "a\nB\nBB\nc\n"],
    ["a\r\nb\nc\r\nd", inMiddle, "a\r\nB\r\nBB\r\nc\r\nd"],
    ["\uFEFFa\r\nb", onTop, "\uFEFFnew\r\na\r\nb"],
    ["a\r\na\na\r\n", (text) => `${text}a\n`, "a\r\na\na\r\na\r\n"],
    ["a\r\nb\n", (text) => text, "a\r\nb\n"],
    ["a\r\nb\r\n", () => "a\n", "a\r\n"],
    ["", () => "a\n", "a\n"],
    ["a\r\nb", (text) => `${text}\nc`, "a\r\nb\r\nc"],
    ["a\r\nb\r", (text) => `${text}\nc`, "a\r\nb\r\r\nc"],
  ])("keeps what it does not touch: %j", (text, change, expected) => {
    expect(keepingEnds(text, change)).toBe(expected);
  });
});
