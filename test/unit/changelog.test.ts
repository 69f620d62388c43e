import { describe, expect, it } from "vitest";
import { newest, parseChangelog, readChangelog, renderEntry } from "../../lib/model/changelog.ts";
import { changelog, refusal, version } from "./factory.ts";

const text = `# cmamp-prod-1.2.1
- 2025-03-01
- Hotfix of the scheduler

# cmamp-1.2.0
- 2025-02-01
- Add numpy
  in two lines
- Drop scipy

# cmamp-1.1.0
- First
`;

describe("a readable changelog", () => {
  it("has no problems", () => {
    expect(readChangelog(text, "cmamp").problems).toEqual([]);
  });

  it("gives image, stage, version, date, changes and line of each entry", () => {
    expect(readChangelog(text, "cmamp").entries[1]).toEqual({
      image: "cmamp",
      stage: "dev",
      version: "1.2.0",
      date: "2025-02-01",
      changes: ["Add numpy", "Drop scipy"],
      line: 5,
    });
  });

  it("heads a prod-only entry with -prod-", () => {
    expect(readChangelog(text, "cmamp").entries.map(({ stage }) => stage)).toEqual(["prod", "dev", "dev"]);
  });

  it("may leave the date out", () => {
    expect(readChangelog(text, "cmamp").entries[2]?.date).toBeNull();
  });

  it("may hold the same version for dev and for prod", () => {
    expect(readChangelog("# cmamp-prod-1.0.0\n- a\n# cmamp-1.0.0\n- b\n", "cmamp").problems).toEqual([]);
  });

  it("may hold a lower prod-only entry above a higher dev entry", () => {
    expect(readChangelog("# cmamp-prod-1.1.1\n- a\n# cmamp-1.2.0\n- b\n", "cmamp").problems).toEqual([]);
  });

  it("reads the same with Windows line ends", () => {
    expect(readChangelog(text.replaceAll("\n", "\r\n"), "cmamp")).toEqual(readChangelog(text, "cmamp"));
  });

  it.each([
    ["cmamp-tools", "# cmamp-tools-1.0.0\n- a\n"],
    ["a.b_c", "# a.b_c-1.0.0\n- a\n"],
  ])("may be of an image named %s", (image, own) => {
    expect(readChangelog(own, image)).toMatchObject({ problems: [], entries: [{ image, version: "1.0.0" }] });
  });

  it("is empty for an empty file", () => {
    expect(readChangelog("\n\n", "cmamp")).toEqual({ entries: [], problems: [] });
  });
});

describe("a broken changelog", () => {
  it.each([
    ["two numbers", "# cmamp-1.2\n- a\n", 1, "names no version"],
    ["a leading zero", "# cmamp-01.2.0\n- a\n", 1, "names no version"],
    ["a suffix", "# cmamp-1.2.0-rc1\n- a\n", 1, "names no version"],
    ["no version", "# cmamp\n- a\n", 1, "names no version"],
    ["no image", "# 1.2.0\n- a\n", 1, "names no version"],
    ["no space after #", "#cmamp-1.2.0\n- a\n", 1, "names no version"],
    ["words after the version", "# cmamp-1.2.0 (big one)\n- a\n", 1, "names no version"],
    ["a preamble", "Changes of cmamp\n# cmamp-1.2.0\n- a\n", 1, "stands before the first entry"],
    ["another image", "# cmamp-1.2.0\n- a\n\n# other-1.1.0\n- a\n", 4, 'is for "other"'],
    ["a day that does not exist", "# cmamp-1.2.0\n- 2025-02-30\n- a\n", 1, 'has the date "2025-02-30"'],
    ["a month that does not exist", "# cmamp-1.2.0\n- 2025-13-01\n- a\n", 1, 'has the date "2025-13-01"'],
    ["no change", "# cmamp-1.2.0\n- 2025-02-03\n", 1, "tells no change"],
    ["a version twice", "# cmamp-1.2.0\n- a\n# cmamp-1.2.0\n- b\n", 1, "1.2.0 is not higher than 1.2.0"],
    ["the wrong order", "# cmamp-1.9.0\n- a\n# cmamp-1.10.0\n- b\n", 1, "1.9.0 is not higher than 1.10.0"],
    [
      "the wrong order around a prod entry",
      "# cmamp-1.1.0\n- a\n# cmamp-prod-1.1.0\n- a\n# cmamp-1.2.0\n- b\n",
      1,
      "1.1.0 is not higher than 1.2.0",
    ],
  ])("with %s is refused with file and line", (_name, broken, line, what) => {
    expect(refusal(() => parseChangelog(broken, "cmamp", "sub/changelog.txt")).message).toMatch(
      new RegExp(`^sub/changelog\\.txt:${line} .*${what.replaceAll(/[.()]/g, "\\$&")}`),
    );
  });

  it("tells every problem in the order of the lines", () => {
    const { problems } = readChangelog("x\n# cmamp-1.0.0\n# bad\n", "cmamp");
    expect(problems.map(({ line }) => line)).toEqual([1, 2, 3]);
  });

  it("tells how to write the heading", () => {
    expect(refusal(() => parseChangelog("# 1.2\n", "cmamp", "changelog.txt")).fix).toContain("# cmamp-1.2.0");
  });
});

describe("newest", () => {
  const entries = changelog("prod-1.1.2", "1.2.0", "1.1.5", "1.1.4");
  it.each([
    ["dev", undefined, "1.2.0"],
    ["dev", "1.1", "1.1.5"],
    ["prod", undefined, "1.1.2"],
    ["prod", "1.2", undefined],
  ] as const)("%s entry of %s is %s", (stage, generation, expected) => {
    expect(newest(entries, stage, generation)?.version).toBe(expected);
  });
});

describe("renderEntry", () => {
  it.each([
    ["dev", "# cmamp-1.2.0\n- 2025-01-02\n- One\n- Two\n"],
    ["prod", "# cmamp-prod-1.2.0\n- 2025-01-02\n- One\n- Two\n"],
  ] as const)("writes a %s entry as it stands in the file", (stage, expected) => {
    expect(renderEntry("cmamp", stage, version("1.2.0"), "2025-01-02", ["One", "Two"])).toBe(expected);
  });
});
