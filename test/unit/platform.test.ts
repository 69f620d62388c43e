import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import { record } from "../../lib/kinds/record.ts";
import { parsePlatforms, platformWord, testedPlatform } from "../../lib/names/platform.ts";
import { joinIndex } from "../../lib/oci/rules/index.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { mergeIndex } from "../../lib/release/merge_index.ts";
import { type ReleaseOptions, release } from "../../lib/release/release.ts";
import {
  commit,
  config,
  digest,
  doing,
  engine,
  facts,
  found,
  ids,
  lines,
  refusal,
  releaseOptions,
  stepOf,
  version,
} from "./factory.ts";

const both = ["linux/amd64", "linux/arm64"];

describe("platforms", () => {
  it.each([
    ["linux/arm64,linux/amd64", both],
    [" linux/amd64 , linux/amd64 ", ["linux/amd64"]],
    ["linux/arm/v7", ["linux/arm/v7"]],
    ["", []],
  ])("%j is %j", (text, wanted) => {
    expect(parsePlatforms(text)).toEqual(wanted);
  });

  it.each(["amd64", "windows/amd64", "linux/", "linux/amd64;rm", "--platform", "linux/amd64/v", "linux/AMD64"])(
    "%j is none",
    (text) => {
      expect(refusal(() => parsePlatforms(text)).message).toContain("is not a platform");
    },
  );

  it.each([
    [[], "linux/amd64", "linux/amd64"],
    [both, "linux/amd64", "linux/amd64"],
    [["linux/arm64"], "linux/amd64", "linux/arm64"],
  ])("of %j an engine of %s tests %s fully", (platforms, own, wanted) => {
    expect(testedPlatform(platforms, own)).toBe(wanted);
  });

  it("have a word that fits a step's id", () => {
    expect(["linux/arm64", "linux/arm/v7"].map(platformWord)).toEqual(["arm64", "arm_v7"]);
  });
});

describe("an index over images", () => {
  const child = (letter: string, platform: string) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: digest(letter),
    size: 500,
    platform,
  });

  it("is the same whatever order they come in", () => {
    const [a, b] = [child("a", "linux/arm64"), child("b", "linux/amd64")];
    const hash = (text: string) => createHash("sha256").update(text).digest("hex");
    expect(hash(joinIndex([a, b]).text)).toBe(hash(joinIndex([b, a]).text));
  });

  it("names each platform as the specification does", () => {
    const { manifests } = JSON.parse(joinIndex([child("a", "linux/arm/v7")]).text) as { manifests: unknown[] };
    expect(manifests).toEqual([{ ...child("a", ""), platform: { architecture: "arm", os: "linux", variant: "v7" } }]);
  });
});

describe("a release of several architectures", () => {
  const plan = (more: Partial<AllFacts> = {}, options: Partial<ReleaseOptions> = {}) =>
    release(facts({ platforms: both, ...more }), { ...releaseOptions, ...options });

  it("starts every platform that the engine does not run natively, before anything is tagged", () => {
    const all = ids(plan());
    expect(all.indexOf("run_smoke_test_arm64")).toBeGreaterThan(all.indexOf("run_qa_tests"));
    expect(all.indexOf("run_smoke_test_arm64")).toBeLessThan(all.indexOf("tag_local_as_dev"));
    expect(all).not.toContain("run_smoke_test_amd64");
  });

  it("gets an emulated platform of an image that only a registry has, before it is started", () => {
    const pulls = (more: Partial<AllFacts>) =>
      lines([stepOf(plan(more), "run_smoke_test_arm64")]).filter((line) => line.startsWith("docker pull"));
    const there = found(digest("a"), imageLabels(facts({ platforms: both }), version("1.2.0"), "no_update"));
    const registries = { ecr: { "dev-1.2.0": there }, dockerhub: { "dev-1.2.0": there } };
    expect(pulls({ registries })).toEqual([
      `docker pull --quiet --platform linux/arm64 127.0.0.1:5001/cmamp@${digest("a")}`,
    ]);
    expect(pulls({})).toEqual([]);
  });

  it("records the images of the index with the release", () => {
    const index = doing(plan(), record).flatMap((action) => (action.entry.type === "release" ? [action.index] : []));
    expect(index).toEqual([{ registry: "ecr", repository: "127.0.0.1:5001/cmamp" }]);
  });

  it("is refused by an engine whose store cannot hold it, but not where a builder pushes", () => {
    const classic = engine({ store: "classic" });
    expect(refusal(() => plan({ engine: classic })).message).toContain(
      "cannot hold an image of linux/amd64 and linux/arm64",
    );
    expect(ids(plan({ engine: classic, builder: "far" }))).toContain("pull_built");
  });

  it("by a builder pushes with the build, and only names the image afterwards", () => {
    const steps = plan({ builder: "far" });
    expect(lines(steps).find((line) => line.startsWith("docker buildx build"))).toMatch(/--builder far .* --push /);
    expect(lines(steps).filter((line) => line.startsWith("docker push"))).toEqual([]);
    expect(stepOf(steps, "push_dev").title).toBe("Name cmamp:dev-1.2.0 in ecr");
  });

  it("says so where its tests are left out", () => {
    expect(stepOf(plan({}, { skipTests: true }), "run_smoke_test_arm64").skip).toBe("--skip-tests");
  });
});

describe("release_merge_index is refused", () => {
  const labels = { "org.opencontainers.image.version": "1.2.0", "org.opencontainers.image.revision": commit("a") };
  const image = (letter: string, platform: string, more = {}) => ({
    ...found(digest(letter), { ...labels, ...more }),
    platform,
  });
  const merge = (tags: Readonly<Record<string, ReturnType<typeof found>>>, gates: readonly string[] = []) =>
    mergeIndex(facts({ config: config({ release: { gates } }), registries: { ecr: tags } }), {
      images: Object.keys(tags),
    });
  const amd = image("a", "linux/amd64");

  it.each<[string, () => unknown, string]>([
    ["for one image", () => merge({ a: amd }), "a cannot be one index"],
    ["for two of one platform", () => merge({ a: amd, b: image("b", "linux/amd64") }), "cannot be one index"],
    ["where one is absent", () => merge({ a: amd, b: { state: "absent" } }), "has no 127.0.0.1:5001/cmamp:b"],
    ["for an index", () => merge({ a: amd, b: found(digest("b"), labels) }), "an index already"],
    [
      "for another version",
      () => merge({ a: amd, b: image("b", "linux/arm64", { "org.opencontainers.image.version": "1.1.0" }) }),
      "b is version 1.1.0",
    ],
    [
      "for another commit",
      () => merge({ a: amd, b: image("b", "linux/arm64", { "org.opencontainers.image.revision": commit("e") }) }),
      "b was built from eeeeeeeeeeee",
    ],
    [
      "without the passes",
      () => merge({ a: amd, b: image("b", "linux/arm64") }, ["fast"]),
      "fast tests have not passed in a",
    ],
  ])("%s", (_why, run, what) => {
    expect(refusal(run).message).toContain(what);
  });
});
