import { describe, expect, it } from "vitest";
import {
  bump,
  compareVersions,
  highest,
  isVersion,
  majorMinor,
  parseVersion,
  versionIn,
} from "../../lib/names/version.ts";
import { refusal, version } from "./factory.ts";

describe("parseVersion", () => {
  it.each(["0.0.0", "1.2.3", "10.20.30", "999999999.0.1"])("takes %s", (text) => {
    expect(parseVersion(text)).toBe(text);
  });

  it.each([
    ["1.2", "--version 1.2.0"],
    ["v1.2.3", "--version 1.2.3"],
    ["1.2.3-rc1", "--version 1.2.3"],
    ["01.2.3", "--version 1.2.3"],
    ["1.2.03", "--version 1.2.3"],
    ["1.02.3", "--version 1.2.3"],
    ["1.2.", "--version 1.2.0"],
    ["1.2.3.4", "--version 1.2.3"],
    ["latest", "--version 1.0.0"],
    ["", "--version 1.0.0"],
    ["1.2.3\n", "--version 1.2.3"],
    [" 1.2.3", "--version 1.2.3"],
    ["1.2.-3", "--version 1.2.3"],
    ["1000000000.0.0", "--version 100000000.0.0"],
    ["١.٢.٣", "--version 1.0.0"],
  ])("refuses %j and shows how to write it", (text, line) => {
    expect(refusal(() => parseVersion(text))).toMatchObject({
      message: `"${text}" is not a version`,
      fix: expect.stringContaining(line),
      exitCode: 2,
    });
  });

  it.each(["1.2", "v1.2.3", "latest", "1000000000.0.0"])("suggests a version that it takes instead of %s", (text) => {
    const { fix } = refusal(() => parseVersion(text));
    expect(isVersion(fix.split(" ").at(-1) ?? "")).toBe(true);
  });
});

describe("order", () => {
  it.each([
    ["1.9.0", "1.10.0", -1],
    ["9.0.0", "10.0.0", -1],
    ["1.10.0", "1.9.0", 1],
    ["1.2.3", "1.2.3", 0],
    ["1.0.10", "1.0.9", 1],
  ])("%s to %s is %i", (a, b, order) => {
    expect(compareVersions(version(a), version(b))).toBe(order);
  });

  it("finds the highest by number, not by letter", () => {
    expect(highest(["1.9.0", "1.10.0", "1.2.0"].map(version))).toBe("1.10.0");
  });

  it("has no highest of none", () => {
    expect(highest([])).toBeUndefined();
  });
});

describe("bump", () => {
  it.each([
    ["1.2.3", "major", "2.0.0"],
    ["1.2.3", "minor", "1.3.0"],
    ["1.2.3", "patch", "1.2.4"],
    ["1.9.9", "patch", "1.9.10"],
  ] as const)("%s by %s is %s", (from, kind, to) => {
    expect(bump(version(from), kind)).toBe(to);
  });
});

it("names a generation by major and minor", () => {
  expect(majorMinor(version("1.20.3"))).toBe("1.20");
});

it.each([
  ["amp-1.0.3-20211114_093142-main-47fb", "1.0.3"],
  ["1.2.0", "1.2.0"],
  ["amp", undefined],
  ["amp-01.2.3", undefined],
])("finds in %s the version %s", (text, expected) => {
  expect(versionIn(text)).toBe(expected);
});
