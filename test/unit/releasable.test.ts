import { describe, expect, it } from "vitest";
import { assertReleasable, type ReleaseCheck } from "../../lib/model/changelog.ts";
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
    ["1.1.0", "a higher major.minor has an entry but no release", {}],
    ["1.2.1", "after_release: the newest entry is lower", { policy: "after_release" }],
    ["1.3.0", "after_release: its major.minor has no entry", { policy: "after_release" }],
    ["1.2.0", "after_release: it is released, its entry added", { policy: "after_release", released: ["1.2.0"] }],
    ["1.2.1", "after_release in prod: no prod entry stands", { policy: "after_release", stage: "prod" }],
  ])("%s where %s", (text, _why, given) => {
    expect(() => assertReleasable(version(text), check(given))).not.toThrow();
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

  it.each(["dev", "prod"] as const)("below what is released, with the way to roll %s back", (stage) => {
    const given = check({ stage, released: ["1.3.0"] });
    expect(refusal(() => assertReleasable(version("1.2.0"), given)).fix).toContain(
      `i docker_rollback_${stage} --version 1.2.0`,
    );
  });
});
