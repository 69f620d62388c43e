import { describe, expect, it } from "vitest";
import {
  branchTag,
  type CommitState,
  devVersion,
  parsePrefix,
  prefixed,
  prefixedChannel,
  prefixOf,
  taggedVersion,
} from "../../lib/names/dev_version.ts";
import { isTag } from "../../lib/names/image.ts";
import { isVersion } from "../../lib/names/version.ts";
import { commit, refusal } from "./factory.ts";

const at = (more: Partial<CommitState>): CommitState => ({
  ...{ image: "cmamp", tag: "cmamp-1.2.3", distance: 5, commit: commit("a"), dirty: false, shallow: false },
  ...more,
});

describe("the version of a commit", () => {
  it.each<[string, Partial<CommitState>, readonly string[]]>([
    ["between releases", {}, ["1.2.4.dev5", "1.2.4-dev.5", "1.2.4-dev.5.gaaaaaaaaaaaa", "+gaaaaaaaaaaaa"]],
    ["that is a release", { distance: 0 }, ["1.2.3", "1.2.3", "dev-1.2.3", ""]],
    [
      "that is a release, in a tree that differs",
      { distance: 0, dirty: true },
      ["1.2.4.dev0", "1.2.4-dev.0", "1.2.4-dev.0.gaaaaaaaaaaaa.dirty", "+gaaaaaaaaaaaa.dirty"],
    ],
    [
      "before the first release",
      { tag: null },
      ["0.1.dev5", "0.1.0-dev.5", "0.1.0-dev.5.gaaaaaaaaaaaa", "+gaaaaaaaaaaaa"],
    ],
    [
      "by a bare tag",
      { tag: "v0.0.9" },
      ["0.0.10.dev5", "0.0.10-dev.5", "0.0.10-dev.5.gaaaaaaaaaaaa", "+gaaaaaaaaaaaa"],
    ],
  ])("%s", (_what, more, wanted) => {
    const { pep440, semver, tag, local } = devVersion(at(more));
    expect([pep440, semver, tag, local]).toEqual(wanted);
    expect([isTag(tag), isVersion(tag)]).toEqual([true, false]);
  });

  it("is refused in a shallow clone, with the line that fetches the rest", () => {
    expect(refusal(() => devVersion(at({ shallow: true }))).fix).toContain("git fetch --unshallow --tags");
  });
});

it.each([
  ["cmamp-1.2.0", "1.2.0"],
  ["1.2.0", "1.2.0"],
  ["v1.2.0", "1.2.0"],
  ["cmamp-v1.2.0", undefined],
  ["cmamp-prod-1.2.0", undefined],
  ["cmamp-x-1.2.0", undefined],
  ["cmamp-1.2.0-rc1", undefined],
  ["1.2", undefined],
  ["vv1.2.0", undefined],
])("the tag %s is of version %s of its image", (tag, wanted) => {
  expect(taggedVersion(tag, "cmamp")).toBe(wanted);
});

describe("the tag of a branch", () => {
  const isFree = (tag: string) => isTag(tag) && !isVersion(tag) && /-[0-9a-f]{12}$/.test(tag);

  it("is another for each of 100,000 names with one slug, with a prefix and without, legal and free", () => {
    const letters = [..."implementsdoodadly/x"];
    const names = Array.from({ length: 100_000 }, (_, number) =>
      letters.map((letter, index) => ((number >> index) & 1 ? letter.toUpperCase() : letter)).join(""),
    ).map((name, number) => (number % 2 ? name.replace("/", "_") : name));
    // A branch may be called as another one with a prefix is tagged.
    const all = [...names, ...names.map((name) => `rpi-${name}`)];
    const tags = new Set([...all.map((name) => branchTag(name)), ...all.map((name) => branchTag(name, "rpi"))]);
    expect([new Set(all).size, tags.size]).toEqual([200_000, 400_000]);
    const slug = /^(rpi-){0,2}implementsdoodadly-x-/;
    expect([...tags].filter((tag) => !slug.test(tag) || !isFree(tag))).toEqual([]);
  });

  it.each([
    ["latest", "latest-"],
    ["develop", "develop-"],
    ["edge", "edge-"],
    ["dev", "dev-"],
    ["prod", "prod-"],
    ["1.2.0", "1-2-0-"],
    ["dev-1.2.0", "dev-1-2-0-"],
    ["$(touch /tmp/x)`'\";&|", "touch-tmp-x-"],
    ["../../etc", "etc-"],
    ["a\nb\u0000c", "a-b-c-"],
    ["ветка/日本", "branch-"],
    ["x".repeat(255), `${"x".repeat(100)}-`],
    ["", "branch-"],
  ])("of %j is free and starts with %s", (name, start) => {
    const tag = branchTag(name);
    expect([isFree(tag), tag.slice(0, -12)]).toEqual([true, start]);
  });
});

describe("a prefix", () => {
  it("stands before the tags of a commit and a branch, which stay legal however long the branch's name is", () => {
    const { tag } = devVersion(at({}));
    expect(prefixed(tag, "rpi")).toBe("rpi-1.2.4-dev.5.gaaaaaaaaaaaa");
    expect([prefixOf(prefixed(tag, "rpi")), prefixOf(tag), prefixOf("dev-1.2.3x")]).toEqual(["rpi", "", "dev"]);
    const longest = branchTag("x".repeat(255), parsePrefix("a23456789012"));
    expect([longest.length <= 128, isTag(longest)]).toEqual([true, true]);
  });

  it("stands before what a channel has, unless another channel has that or no tag is as long", () => {
    const channels = { develop: ["develop"], main: ["arm-develop"], "newest-tag": ["latest"] };
    const of = (channel: string, prefix: string) => prefixedChannel(channel, prefix, channels);
    expect([of("develop", ""), of("develop", "rpi")]).toEqual(["develop", "rpi-develop"]);
    expect(refusal(() => of("develop", "arm")).message).toContain('makes the tag "arm-develop"');
    expect(refusal(() => of("x".repeat(128), "rpi")).why).toContain("128");
  });

  it.each(["dev", "prod", "local", "latest", "develop", "edge"])("%s would begin what is no branch's", (word) => {
    expect(refusal(() => parsePrefix(word)).why).toContain("is a release, somebody's own image");
  });

  it.each(["", "RPI", "1", "a-b", "a.b", "a b", "--x", "a\n", "é", "$(id)", "a234567890123"])("%j is none", (word) => {
    expect(refusal(() => parsePrefix(word)).why).toContain("one word of at most twelve");
  });
});
