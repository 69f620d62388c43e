import { describe, expect, it } from "vitest";
import { parseChangelog } from "../../lib/names/changelog.ts";
import type { SignedEntry } from "../../lib/names/log.ts";
import {
  chooseBase,
  commitBefore,
  comparedReleases,
  isBehindByChoice,
  lastFlip,
  releaseBefore,
  releaseInUse,
  releasesOf,
  reportVersion,
  rolledBack,
  stagesInPlay,
  wantedDigest,
} from "../../lib/names/releases.ts";
import { changesOf } from "../../lib/report/changes.ts";
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
const moved = (tag: Stage, number: string, why: "release" | "rollback" | "mirror" = "release"): SignedEntry =>
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
    expect(releasesOf(log, "dev")).toEqual([
      {
        ...{ stage: "dev", version: "1.0.0", digest: digest("1"), commit: commit("1"), registries: ["a", "b"] },
        ...{ at: "2025-01-02T10:00:00Z", by: "ann" },
      },
    ]);
    expect([stagesInPlay(log), stagesInPlay([])]).toEqual([["dev", "prod"], ["dev"]]);
  });

  it.each<[string, readonly SignedEntry[], string | undefined, string | undefined]>([
    ["the one that the mutable tag is", two, undefined, "2.0.0"],
    ["the one that it was rolled back to", [...two, moved("dev", "1.0.0", "rollback")], undefined, "1.0.0"],
    ["the one that was asked for", two, "1.0.0", "1.0.0"],
    ["none where the one asked for was not released", two, "3.0.0", undefined],
    [
      "the last one where nothing was moved",
      [released("dev", "1.0.0"), released("dev", "0.8.0"), released("dev", "0.9.0")],
      undefined,
      "0.9.0",
    ],
    ["the last one where prod was moved", [...two, moved("prod", "1.0.0")].slice(2), undefined, "2.0.0"],
    ["none where nothing was released", [], undefined, undefined],
  ])("has in use %s", (_what, log, asked, expected) => {
    expect(releaseInUse(log, "dev", asked ? version(asked) : null)?.version).toBe(expected);
  });

  it("compares the highest eight by their number, with the one in use and the one before it", () => {
    const log = Array.from({ length: 12 }, (_, index) => released("dev", `1.${11 - index}.0`));
    const compared = (inUse?: string) =>
      comparedReleases(log, "dev", inUse ? releaseInUse(log, "dev", version(inUse)) : undefined).map(
        (one) => one.version,
      );
    const highest = [4, 5, 6, 7, 8, 9, 10, 11].map((minor) => `1.${minor}.0`);
    expect(compared()).toEqual(highest);
    expect(compared("1.11.0")).toEqual(highest);
    expect(compared("1.2.0")).toEqual(["1.1.0", "1.2.0", ...highest]);
    expect(compared("1.0.0")).toEqual(["1.0.0", ...highest]);
  });

  it("knows the release before a version by its number, not by its day", () => {
    const days = ["1.9.0", "1.10.0", "1.9.1", "1.11.0", "1.8.0"];
    const log = [...days.map((day) => released("prod", day)), released("dev", "1.9.5")];
    expect(releaseBefore(log, "prod", version("1.10.0"))?.version).toBe("1.9.1");
    expect(releaseBefore(log, "prod", version("1.8.0"))).toBeUndefined();
  });

  /** What became of dev: `+1.2.0` is a release, `-1.1.0` a rollback, `=1.1.0` a mirror. */
  const history = (moves: string): SignedEntry[] =>
    moves.split(" ").flatMap((move) => {
      const why = ({ "+": "release", "-": "rollback", "=": "mirror" } as const)[move[0] ?? ""] ?? "release";
      return [...(why === "release" ? [released("dev", move.slice(1))] : []), moved("dev", move.slice(1), why)];
    });

  it.each<[string, readonly string[], readonly string[]]>([
    ["+1.0.0 +1.1.0 +1.2.0", [], ["1.0.0", "1.1.0", "1.2.0"]],
    ["+1.0.0 +1.1.0 +1.2.0 -1.1.0", ["1.2.0"], ["1.0.0", "1.1.0"]],
    ["+1.0.0 +1.1.0 +1.2.0 -1.0.0", ["1.1.0", "1.2.0"], ["1.0.0"]],
    ["+1.0.0 +1.1.0 -1.0.0 +1.2.0", ["1.1.0"], ["1.0.0", "1.2.0"]],
    ["+1.0.0 +1.1.0 -1.0.0 =1.0.0", ["1.1.0"], ["1.0.0"]],
    ["+1.0.0 +1.1.0 -1.0.0 =1.1.0", [], ["1.0.0", "1.1.0"]],
    ["+1.0.0 +1.1.0 -1.0.0 -1.1.0", [], ["1.0.0", "1.1.0"]],
    ["+1.0.0 +1.1.0 +1.2.0 -1.0.0 -1.1.0", ["1.2.0"], ["1.0.0", "1.1.0"]],
    ["+1.0.0 +1.1.0 -1.0.0 +1.1.0", [], ["1.0.0", "1.1.0"]],
    ["+1.9.0 +1.10.0 -1.9.0", ["1.10.0"], ["1.9.0"]],
    ["+1.1.0 +1.0.0", [], ["1.0.0", "1.1.0"]],
    ["-1.0.0", [], ["1.0.0", "1.1.0"]],
    ["+1.1.0 -a1", [], ["1.1.0"]],
  ])("after %s are out: %j, and in: %j", (moves, out, rest) => {
    const by = (text: string) => rolledBack(history(moves), "dev", version(text))?.by;
    expect([...out, ...rest].map(by)).toEqual([...out.map(() => "ann"), ...rest.map(() => undefined)]);
  });

  it("names the rollback that took a version out, not one after it", () => {
    const log = history("+1.0.0 +1.1.0 +1.2.0 -1.1.0 -1.0.0");
    const to = (text: string) => rolledBack(log, "dev", version(text))?.version;
    expect([to("1.2.0"), to("1.1.0"), to("1.0.0")]).toEqual(["1.1.0", "1.0.0", undefined]);
  });

  it.each<[string, readonly SignedEntry[]]>([
    ["only was released", [released("dev", "2.0.0"), moved("dev", "1.0.0", "rollback")]],
    ["was in prod", [moved("prod", "2.0.0"), moved("dev", "1.0.0", "rollback")]],
    ["is not of prod, which was rolled back", [moved("dev", "2.0.0"), moved("prod", "1.0.0", "rollback")]],
  ])("knows of no rollback of a version that %s", (_why, log) => {
    expect(rolledBack(log, "dev", version("2.0.0"))).toBeUndefined();
  });

  it("tells the last move of each mutable tag", () => {
    const log = [moved("dev", "1.0.0"), moved("dev", "2.0.0"), moved("prod", "1.0.0"), released("dev", "3.0.0")];
    expect([lastFlip(log, "dev")?.version, lastFlip(log, "prod")?.version, lastFlip([], "dev")]).toEqual([
      "2.0.0",
      "1.0.0",
      undefined,
    ]);
  });
});

it.each<[string, readonly SignedEntry[], Readonly<Record<string, string>>, string | null]>([
  ["the log", two, {}, commit("1")],
  [
    "the Git tags of before the log",
    [],
    { "cmamp-0.10.0": "c10", "cmamp-0.9.0": "c9", "cmamp-prod-1.5.0": "p", "other-1.9.0": "o", "cmamp-1.9": "x" },
    "c10",
  ],
  [
    "a tag of three that is found by its number",
    [],
    { "cmamp-0.2.0": "a", "cmamp-0.11.0": "b", "cmamp-0.3.0": "c" },
    "b",
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

it("a report is about the version that was asked for, whatever was released", () => {
  expect(reportVersion({ log: two, changelog: changelog("3.0.0") }, "dev", version("1.0.0"))).toBe("1.0.0");
});

describe("what a tag should be", () => {
  const [one, other, third] = [digest("1"), digest("2"), digest("3")];
  const flip = (to: string, registries: readonly string[], meant: readonly string[] = registries, tag = "dev") =>
    logged({
      ...{ type: "flip", id: to + tag, tag, version: "1.0.0", to, why: "release", registries },
      from: Object.fromEntries(meant.map((name) => [name, null])),
    });
  const log = [
    released("dev", "1.0.0"),
    flip(one, ["ecr", "hub"]),
    flip(third, ["ecr"], ["ecr"], "prod"),
    flip(other, ["ecr"], ["ecr", "ghcr"]),
  ];

  it.each([
    ["dev", other],
    ["prod", third],
    ["dev-1.0.0", one],
    ["dev-2.0.0", undefined],
    ["prod-1.0.0", undefined],
    ["local", undefined],
  ])("%s is in the log as %s", (tag, expected) => {
    expect(wantedDigest(log, tag)).toBe(expected);
  });

  it.each([
    ["was left out and is what it was", { registry: "hub", digest: one }, true],
    ["was left out and is what nobody made it", { registry: "hub", digest: third }, false],
    ["was left out and lost it", { registry: "hub", digest: null }, false],
    ["was never meant and has none", { registry: "attic", digest: null }, true],
    ["was never meant and has one", { registry: "attic", digest: one }, false],
    ["was moved", { registry: "ecr", digest: one }, false],
    ["was meant to move and did not", { registry: "ghcr", digest: null }, false],
    ["is what it should be", { registry: "hub", digest: other }, false],
  ])("is behind by choice where the registry %s: %#", (_what, cell, expected) => {
    expect(isBehindByChoice(log, { tag: "dev", ...cell })).toBe(expected);
  });

  it("is what it was last where it was left out twice", () => {
    const twice = [flip(one, ["hub"]), flip(other, ["hub", "ecr"]), flip(third, ["ecr"]), flip(digest("4"), ["ecr"])];
    const behind = (hash: string) => isBehindByChoice(twice, { tag: "dev", registry: "hub", digest: hash });
    expect([behind(one), behind(other), behind(third)]).toEqual([false, true, false]);
  });

  it("is behind by nobody's choice where the log does not know the tag", () => {
    expect(isBehindByChoice([], { tag: "dev", registry: "hub", digest: null })).toBe(false);
  });
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

describe("the dev image below a prod image", () => {
  const names = ["1.1.0", "1.1.2", "1.1.1", "1.2.0", "2.1.5", "not-1.1.9"];
  const all = [
    ...names.map((name) => released("dev", name)),
    released("prod", "1.1.9"),
    moved("dev", "1.1.8", "release"),
  ];
  const [up, back] = [moved("dev", "1.1.2", "release"), moved("dev", "1.1.0", "rollback")];
  const newest = "the newest dev 1.1";
  const out = "the newest dev 1.1 that was not rolled back, as";
  it.each<[string, string | null, string | undefined, readonly SignedEntry[], string | null, string | null]>([
    ["the newest released one of its major.minor", "1.1.0", undefined, [], "1.1.2", newest],
    ["the one that was named", "1.1.0", "1.2.0", [], "1.2.0", "the one of --dev-version"],
    ["none where none of its major.minor is released", "3.0.0", undefined, [], null, null],
    ["none where no version is known", null, undefined, [], null, null],
    ["the newest that was not rolled back", "1.1.0", undefined, [up, back], "1.1.1", `${out} 1.1.2 was`],
    [
      "the newest that was not rolled back, whatever was released since",
      ...([
        "1.1.0",
        undefined,
        [moved("dev", "1.1.1", "release"), up, back, moved("dev", "1.2.0", "release")],
      ] as const),
      ...(["1.1.0", `${out} 1.1.2, 1.1.1 was`] as const),
    ],
    ["the newest that is in again", "1.1.0", undefined, [up, back, moved("dev", "1.1.2", "rollback")], "1.1.2", newest],
    [
      "one that was rolled back where it is named",
      ...(["1.1.0", "1.1.2", [up, back], "1.1.2", "the one of --dev-version"] as const),
    ],
    ["none where all were rolled back", "2.1.0", undefined, [moved("dev", "2.1.5", "release"), back], null, null],
  ])("has as its version %s", (_case, of, devVersion, more, expected, why) => {
    const log = [...all, ...more];
    const choice = chooseBase(
      of === null ? null : version(of),
      log,
      devVersion === undefined ? undefined : version(devVersion),
    );
    expect([choice?.version ?? null, choice?.why ?? null]).toEqual([expected, why]);
  });
});
