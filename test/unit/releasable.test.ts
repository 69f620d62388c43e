import { describe, expect, it } from "vitest";
import { assertReleasable, type ReleaseCheck, readChangelog, renderEntry } from "../../lib/names/changelog.ts";
import { changelog, refusal, version } from "./factory.ts";

type Given = Partial<Omit<ReleaseCheck, "released" | "entries">> & { entries?: string[]; released?: string[] };
const check = ({ entries = ["1.2.0", "1.1.0"], released = [], ...more }: Given = {}): ReleaseCheck => ({
  stage: "dev",
  policy: "before_release",
  ...more,
  entries: changelog(...entries),
  released: released.map(version),
});

describe("a version may be released", () => {
  it.each<[string, string, Given]>([
    ["1.2.0", "its entry is the newest", {}],
    ["1.2.0", "lower ones are released", { released: ["1.1.0", "1.0.0"] }],
    ["1.2.0", "it is released already and goes on", { released: ["1.2.0"] }],
    [
      "1.1.1",
      "a prod hotfix is the newest of its major.minor",
      { stage: "prod", entries: ["prod-1.2.0", "prod-1.1.1"] },
    ],
    ["1.2.0", "prod shares the entry of dev", { stage: "prod" }],
    ["1.2.1", "prod's own entry stands above a later dev's", { stage: "prod", entries: ["prod-1.2.1", "1.2.2"] }],
    ["1.1.0", "a higher major.minor has an entry but no release", {}],
    ["1.2.1", "after_release: the newest entry is lower", { policy: "after_release" }],
    ["1.3.0", "after_release: its major.minor has no entry", { policy: "after_release" }],
    ["1.2.0", "after_release: it is released, its entry added", { policy: "after_release", released: ["1.2.0"] }],
    ["1.2.1", "after_release in prod: no prod entry stands", { policy: "after_release", stage: "prod" }],
    ["1.2.0", "after_release in prod: dev's entry of it stands", { policy: "after_release", stage: "prod" }],
    ["1.2.2", "prod shares dev's entry above its own", { stage: "prod", entries: ["1.2.2", "prod-1.2.1"] }],
    ["1.10.0", "lower ones are released, in any order", { entries: ["1.10.0"], released: ["1.9.0", "1.1.0"] }],
  ])("%s where %s", (text, _why, given) => {
    expect(() => assertReleasable(version(text), check(given))).not.toThrow();
  });
});

describe("the text of an entry", () => {
  it("has one dash before a change, also where one was typed", () => {
    expect(renderEntry("cmamp", "dev", version("1.0.0"), "2025-01-02", ["One", "- Two", "-3 is fixed"])).toBe(
      "# cmamp-1.0.0\n- 2025-01-02\n- One\n- Two\n- -3 is fixed\n",
    );
  });
});

describe("an entry that is dated in the future", () => {
  it.each([
    ["2025-01-03", 0],
    ["2025-01-02", 0],
    ["2025-01-04", 1],
  ])("is told: %s is %i day too late", (date, count) => {
    const text = `# cmamp-1.0.0\n- ${date}\n- First\n`;
    const { problems } = readChangelog(text, "cmamp", "2025-01-02");
    expect(problems).toHaveLength(count);
    if (count > 0)
      expect(problems[0]).toMatchObject({
        what: "is dated 2025-01-04, and today is 2025-01-02",
        fix: "Date it the day it is written: - 2025-01-02",
      });
  });
});

describe("a version is refused", () => {
  it.each<[string, string, Given, string, string]>([
    [
      "1.2.1",
      "it has no entry yet",
      {},
      "not the newest dev entry of changelog.txt, 1.2.0",
      "i changelog_add --version 1.2.1",
    ],
    ["1.3.0", "its major.minor has none", {}, "none for 1.3", "i changelog_add --version 1.3.0"],
    ["1.2.0", "a higher entry stands above", { entries: ["1.2.1", "1.2.0"] }, "1.2.1", "--version 1.2.1"],
    ["1.1.9", "a higher one is released", { released: ["1.9.0", "1.10.0"] }, "lower than 1.10.0", "--version 1.10.1"],
    [
      "1.2.0",
      "prod has a higher entry",
      { stage: "prod", entries: ["prod-1.2.1", "1.2.0"] },
      "1.2.1",
      "--version 1.2.1",
    ],
    [
      "1.2.1",
      "only prod has an entry of it",
      { entries: ["prod-1.2.1", "1.2.0"] },
      "not the newest dev entry of changelog.txt, 1.2.0",
      "i changelog_add --version 1.2.1",
    ],
    [
      "1.2.5",
      "prod's own entry is lower and dev has none",
      { stage: "prod", entries: ["prod-1.2.1", "1.2.0"] },
      "not the newest prod entry of changelog.txt, 1.2.1",
      "i changelog_add --version 1.2.5",
    ],
    [
      "1.1.9",
      "a higher one is released first",
      { released: ["1.10.0", "1.9.0"] },
      "lower than 1.10.0",
      "--version 1.10.1",
    ],
    [
      "1.2.0",
      "the code is a later dev version",
      { stage: "prod", entries: ["1.2.1", "1.2.0"] },
      "the code is 1.2.1 by changelog.txt, and would be released as prod 1.2.0",
      "Release --version 1.2.1; or go to the commit of 1.2.0 and release it there: git checkout cmamp-1.2.0",
    ],
    [
      "1.2.1",
      "the code is later than prod's own entry",
      { stage: "prod", entries: ["1.2.2", "prod-1.2.1", "1.2.0"] },
      "the code is 1.2.2",
      "--version 1.2.2",
    ],
    ["1.2.7", "neither dev nor prod has an entry", { stage: "prod" }, "newest prod entry", "i changelog_add"],
    ["1.2.0", "after_release: its entry stands", { policy: "after_release" }, "already has 1.2.0", "--version 1.2.1"],
    [
      "1.2.0",
      "after_release: a higher one stands",
      { policy: "after_release", entries: ["1.2.5"] },
      "1.2.5",
      "--version 1.2.6",
    ],
    [
      "1.0.0",
      "after_release: a higher one is released",
      { policy: "after_release", released: ["1.1.0"] },
      "lower than 1.1.0",
      "--version 1.1.1",
    ],
  ])("%s where %s", (text, _why, given, what, fix) => {
    expect(refusal(() => assertReleasable(version(text), check(given)))).toMatchObject({
      message: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
    });
  });

  it.each<[string, string, Given, string, string, string]>([
    [
      "1.2.0",
      "below what is released",
      { released: ["1.3.0"] },
      "version 1.2.0 is lower than 1.3.0, which is released",
      "Versions only go forward; going back is a rollback, which moves the tag and keeps every version.",
      "Pick the next one, e.g. --version 1.3.1, or type: i docker_rollback_dev --version 1.2.0",
    ],
    [
      "1.3.0",
      "without an entry",
      {},
      "version 1.3.0 is not the newest dev entry of changelog.txt, which has none for 1.3",
      "changelog_update is before_release: the entry of a version is written before it is released.",
      'Add the entry: i changelog_add --version 1.3.0 --message "what changed"',
    ],
    [
      "1.2.0",
      "below the newest entry",
      { entries: ["1.2.1", "1.2.0"] },
      "version 1.2.0 is not the newest dev entry of changelog.txt, 1.2.1",
      "changelog_update is before_release: the entry of a version is written before it is released.",
      "Release --version 1.2.1",
    ],
    [
      "1.2.0",
      "that has its entry too early",
      { policy: "after_release" },
      "changelog.txt already has 1.2.0, not lower than 1.2.0",
      "changelog_update is after_release: the entry is added when the release is done.",
      "Pick the next version, e.g. --version 1.2.1",
    ],
  ])("%s %s, with the reason and what to type", (text, _why, given, message, why, fix) => {
    expect(refusal(() => assertReleasable(version(text), check(given)))).toMatchObject({ message, why, fix });
  });

  it.each(["dev", "prod"] as const)("below what is released, with the way to roll %s back", (stage) => {
    const given = check({ stage, released: ["1.3.0"] });
    expect(refusal(() => assertReleasable(version("1.2.0"), given)).fix).toContain(
      `i docker_rollback_${stage} --version 1.2.0`,
    );
  });
});
