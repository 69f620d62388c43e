import { describe, expect, it } from "vitest";
import { changesOf } from "../../lib/flows/changes.ts";
import { parseChangelog } from "../../lib/model/changelog.ts";
import type { SignedEntry } from "../../lib/model/log.ts";
import {
  commitBefore,
  releaseBefore,
  releaseInUse,
  releasesOf,
  reportVersion,
  rolledBack,
  stagesInPlay,
} from "../../lib/model/releases.ts";
import { changelog, commit, digest, logged, version } from "./factory.ts";

type Stage = "dev" | "prod";
const released = (stage: Stage, number: string, registries: readonly string[] = ["ecr"]): SignedEntry =>
  logged({
    type: "release",
    stage,
    version: number,
    digest: digest(number[0] ?? "0"),
    commit: commit(number[0] ?? "0"),
    registries,
  });
const moved = (tag: Stage, number: string, why: "release" | "rollback" = "release"): SignedEntry =>
  logged({
    type: "flip",
    id: `${tag}${number}${why}`,
    tag,
    version: number,
    to: digest("a"),
    from: {},
    why,
    registries: ["ecr"],
  });
const two = [released("dev", "1.0.0"), moved("dev", "1.0.0"), released("dev", "2.0.0"), moved("dev", "2.0.0")];

describe("what the log says of releases", () => {
  it("is one line for a version that was released again for more registries", () => {
    const log = [released("dev", "1.0.0", ["a"]), released("dev", "1.0.0", ["b"]), released("prod", "1.0.0")];
    expect(releasesOf(log, "dev")).toMatchObject([{ version: "1.0.0", registries: ["a", "b"] }]);
    expect([stagesInPlay(log), stagesInPlay([])]).toEqual([["dev", "prod"], ["dev"]]);
  });

  it.each<[string, readonly SignedEntry[], string | undefined, string | undefined]>([
    ["the one that the mutable tag is", two, undefined, "2.0.0"],
    ["the one that it was rolled back to", [...two, moved("dev", "1.0.0", "rollback")], undefined, "1.0.0"],
    ["the one that was asked for", two, "1.0.0", "1.0.0"],
    ["none where the one asked for was not released", two, "3.0.0", undefined],
    ["the last one where nothing was moved", [released("dev", "1.0.0")], undefined, "1.0.0"],
  ])("has in use %s", (_what, log, asked, expected) => {
    expect(releaseInUse(log, "dev", asked ? version(asked) : null)?.version).toBe(expected);
  });

  it("knows the release before a version by its number, not by its day", () => {
    const log = [released("prod", "1.9.0"), released("prod", "1.10.0"), released("prod", "1.9.1")];
    expect(releaseBefore(log, "prod", version("1.10.0"))?.version).toBe("1.9.1");
    expect(releaseBefore(log, "prod", version("1.9.0"))).toBeUndefined();
  });

  it("knows who took a version back, until it is there again", () => {
    const back = [...two, moved("dev", "1.0.0", "rollback")];
    expect(rolledBack(back, "dev", version("2.0.0"))?.by).toBe("ann");
    expect(rolledBack(back, "dev", version("1.0.0"))).toBeUndefined();
    expect(rolledBack([...back, moved("dev", "2.0.0", "rollback")], "dev", version("2.0.0"))).toBeUndefined();
  });
});

it.each<[string, readonly SignedEntry[], Readonly<Record<string, string>>, string | null]>([
  ["the log", two, {}, commit("1")],
  [
    "the Git tags of before the log",
    [],
    { "cmamp-0.9.0": "c9", "cmamp-0.10.0": "c10", "cmamp-prod-1.5.0": "p" },
    "c10",
  ],
  ["neither, for the first one", [], { "cmamp-2.0.0": "c2" }, null],
])("the commits of a version start after the release before it, by %s", (_what, log, tags, expected) => {
  expect(commitBefore({ log, image: "cmamp", tags }, "dev", version("2.0.0"))).toBe(expected);
});

it.each<[string, readonly SignedEntry[], readonly string[], string | null]>([
  ["the release in use", two, ["3.0.0"], "2.0.0"],
  ["the newest entry where nothing was released", [], ["1.2.0", "1.1.0"], "1.2.0"],
  ["nothing", [], [], null],
])("a report is about %s", (_what, log, entries, expected) => {
  expect(reportVersion({ log, changelog: changelog(...entries) }, "dev")).toBe(expected);
});

describe("the changes of a version", () => {
  const text = ["prod-1.2.1", "1.2.0", "1.1.0", "1.0.0"]
    .map((name) => `# cmamp-${name}\n- 2025-01-02\n- In ${name}\n`)
    .join("\n");
  const entries = parseChangelog(text, "cmamp", "changelog.txt");
  it.each<[Stage, string, readonly string[]]>([
    ["dev", "1.2.0", ["In 1.2.0"]],
    ["dev", "9.9.9", []],
    ["prod", "1.2.0", ["In 1.2.0", "In 1.1.0"]],
    ["prod", "1.2.1", ["In prod-1.2.1", "In 1.2.0", "In 1.1.0"]],
  ])("%s %s, of prod with those of dev since the prod before it", (stage, number, expected) => {
    expect(changesOf({ changelog: entries, log: [released("prod", "1.0.0")] }, stage, number)).toEqual(expected);
  });
});
