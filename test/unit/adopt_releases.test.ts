import { describe, expect, it } from "vitest";
import { record } from "../../lib/kinds/record.ts";
import type { LogEntry, SignedEntry } from "../../lib/names/log.ts";
import { readEntry } from "../../lib/names/ref_message.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { adoptReleases, asksAdoptReleases } from "../../lib/release/adopt_releases.ts";
import type { TaggedImage } from "../../lib/release/look_images.ts";
import type { Past } from "../../lib/release/look_past.ts";
import { commit, digest, doing, facts, logged } from "./factory.ts";

const image = (tag: string, hash: string, more: Partial<TaggedImage> = {}): TaggedImage => ({
  ...{ tag, digest: digest(hash), children: [], labels: {}, created: "2021-10-26T00:00:00Z", layers: [] },
  ...more,
});
const label = (base: string) => ({ labels: { "org.opencontainers.image.base.digest": digest(base) } });
const past = (ecr: readonly TaggedImage[], more: Partial<Past> = {}): Past => ({
  tags: {},
  registries: { ecr },
  ...more,
});
const world = (more: Partial<AllFacts> = {}): AllFacts => facts({ changelog: [], remoteTags: {}, ...more });
const entriesOf = (seen: Past, more: Partial<AllFacts> = {}): readonly LogEntry[] =>
  doing(adoptReleases(world(more), {}, seen), record).map(({ entry }) => entry as LogEntry);
const names = (seen: Past, more: Partial<AllFacts> = {}) =>
  entriesOf(seen, more).map((one) =>
    "stage" in one ? `${one.type} ${one.stage}-${one.version}` : `${one.type} ${"tag" in one ? one.tag : ""}`,
  );
const baseOf = (seen: Past, more: Partial<AllFacts> = {}) =>
  entriesOf(seen, more).flatMap((one) =>
    one.type === "release" && one.stage === "prod" ? [one.base?.version ?? null] : [],
  );
const inLog = (version: string, hash: string): SignedEntry =>
  logged({ type: "release", stage: "dev", version, digest: digest(hash), commit: commit("a"), registries: ["ecr"] });

describe("a release that the log does not have", () => {
  it("is recorded with the commit of its Git tag, who made that and when", () => {
    const tags = { "cmamp-1.0.0": { at: "2021-10-26T10:00:00Z", by: "Ann" } };
    const seen = past([image("dev-1.0.0", "1")], { tags });
    expect(entriesOf(seen, { remoteTags: { "cmamp-1.0.0": commit("b") } })).toEqual([
      {
        ...{ type: "release", stage: "dev", version: "1.0.0", digest: digest("1"), commit: commit("b") },
        ...{ registries: ["ecr"], adopted: tags["cmamp-1.0.0"] },
      },
    ]);
  });

  it("without a Git tag has the commit of its label, and the day that the image has", () => {
    const labels = { "org.opencontainers.image.revision": commit("c") };
    expect(entriesOf(past([image("dev-1.0.0", "1", { labels })]))).toMatchObject([
      { commit: commit("c"), adopted: { at: "2021-10-26T00:00:00Z", by: "" } },
    ]);
  });

  it.each([
    ["an option", "--upload-pack=touch /tmp/x", "2021-10-26T00:00:00Z"],
    ["a text without an end", "a".repeat(100_000), `2021-10-26T00:00:00Z${" ".repeat(100_000)}`],
    ["what steers a terminal", "\u001b[2J", "\u001b[2J\n2021"],
  ])("has %s of its image neither as its commit nor as its day", (_what, revision, created) => {
    const labels = { "org.opencontainers.image.revision": revision };
    const [entry] = entriesOf(past([image("dev-1.0.0", "1", { labels, created })]));
    const day = created === "2021-10-26T00:00:00Z" ? created : "";
    expect(entry).toMatchObject({ commit: "", adopted: { at: day, by: "" } });
    expect(readEntry(JSON.stringify(logged(entry as Parameters<typeof logged>[0])))).not.toHaveProperty("broken");
  });

  it.each<[what: string, seen: Past, more: Partial<AllFacts>, names: readonly string[]]>([
    [
      "a Git tag alone is a mention",
      past([]),
      { remoteTags: { "cmamp-prod-1.0.2": commit("b") } },
      ["tagged prod-1.0.2"],
    ],
    ["the log's own is there already", past([image("dev-1.0.0", "1")]), { log: [inLog("1.0.0", "1")] }, []],
    [
      "registries that do not agree are left out",
      past([image("dev-1.0.0", "1")], {
        registries: { ecr: [image("dev-1.0.0", "1")], dockerhub: [image("dev-1.0.0", "2")] },
      }),
      {},
      [],
    ],
    [
      "other tags are no releases",
      past([image("dev-1.0", "1"), image("dev-x", "1"), image("prod-ada-0a1b2c3d4", "1")]),
      {},
      [],
    ],
    [
      "tags of another image are none",
      past([]),
      { remoteTags: { "other-1.0.0": commit("b"), "cmamp-v1.0.0": commit("b") } },
      [],
    ],
    [
      "versions come in their order, dev before prod",
      past([image("prod-1.0.0", "4"), image("dev-1.10.0", "1"), image("dev-1.9.0", "2")]),
      {},
      ["release dev-1.9.0", "release dev-1.10.0", "release prod-1.0.0"],
    ],
    [
      "a mutable tag is a move, to the highest or back",
      past([image("dev", "2"), image("dev-1.10.0", "1"), image("dev-1.9.0", "2")]),
      {},
      ["release dev-1.9.0", "release dev-1.10.0", "flip dev"],
    ],
  ])("%s", (_what, seen, more, told) => {
    expect(names(seen, more)).toEqual(told);
  });

  it("is asked about, and not where there is none", () => {
    expect(asksAdoptReleases(world(), {}, past([image("dev-1.0.0", "1"), image("dev", "1")]))).toBe(
      "Record 1 release of cmamp made without Slipway?",
    );
    expect(asksAdoptReleases(world(), {}, past([]))).toBeNull();
  });
});

describe("the dev image below an adopted prod image", () => {
  const dev = [
    image("dev-1.0.0", "1", { layers: ["a"] }),
    image("dev-1.0.1", "2", { layers: ["a", "b"] }),
    image("dev-1.1.0", "3", { layers: ["a", "b"] }),
    image("dev", "3"),
  ];
  it.each<[what: string, prod: TaggedImage, base: string | null]>([
    ["is the one that its label names", image("prod-1.0.0", "9", label("1")), "1.0.0"],
    [
      "is the one whose layers it begins with, of its own generation",
      image("prod-1.0.0", "9", { layers: ["a", "b", "x"] }),
      "1.0.1",
    ],
    ["is of another generation where no other fits", image("prod-2.0.0", "9", { layers: ["a", "b", "x"] }), "1.1.0"],
    ["is none where no layers fit", image("prod-1.0.0", "9", { layers: ["x", "a"] }), null],
    ["is none where nothing is known of its layers", image("prod-1.0.0", "9"), null],
  ])("%s", (_what, prod, base) => {
    expect(baseOf(past([...dev, prod]))).toEqual([base]);
  });

  it("may be one that the log has", () => {
    expect(baseOf(past([image("prod-1.0.0", "9", label("5"))]), { log: [inLog("1.0.5", "5")] })).toEqual(["1.0.5"]);
  });
});
