import { describe, expect, it } from "vitest";
import { record } from "../../lib/kinds/record.ts";
import type { AllFacts, TagState } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { copyImage } from "../../lib/release/copy_image.ts";
import { mergeIndex } from "../../lib/release/merge_index.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { commit, config, digest, doing, facts, git, ids, lines, logged, refusal, stepOf } from "./factory.ts";

const repository = "127.0.0.1:5001/cmamp";
const ecr = { registry: "ecr", repository };
const hub = { registry: "dockerhub", repository: "127.0.0.1:5002/cmamp" };
const image = { from: "join" } as const;
const label = "org.opencontainers.image.";
const built = (letter: string, platform: string | null, labels: Readonly<Record<string, string>> = {}): TagState => ({
  state: "found",
  digest: digest(letter),
  labels: { [`${label}version`]: "1.2.0", [`${label}revision`]: commit("a"), ...labels },
  ...(platform === null ? {} : { platform }),
});
const [amd, arm] = [built("a", "linux/amd64"), built("b", "linux/arm64")];
const two = { "local-ada-1.2.0": amd, "local-bob-1.2.0": arm };
const pass = (letter: string, list: string, platform: string, more: object = {}) =>
  logged({
    ...{ type: "pass", digest: digest(letter), version: "1.2.0", list, commit: commit("a"), tree: commit("b") },
    ...{ runner: list, platform },
    ...more,
  } as Parameters<typeof logged>[0]);
const tested = [pass("a", "fast", "linux/amd64"), pass("b", "fast", "linux/arm64")];
const settings = config({ release: { gates: ["fast"] }, tests: { fast: { command: ["fast"] } } });
const plan = (
  tags: Readonly<Record<string, TagState>> = two,
  more: Partial<AllFacts> = {},
  images = Object.keys(tags),
): Step[] => mergeIndex(facts({ config: settings, log: tested, registries: { ecr: tags }, ...more }), { images });

describe("release_merge_index", () => {
  it("looks at the targets, then joins, tags, copies and publishes under a claim", () => {
    expect(ids(plan())).toEqual([
      ...["preflight", "claim", "join", "git_tag", "copy_to_others", "push_git_tag", "flip_dev", "verify"],
      ...["record_release", "release_claim", "tell"],
    ]);
  });

  it("joins the images where they lie, and the index is the image from there on", () => {
    const step = stepOf(plan(), "join");
    expect([step.title, step.do]).toEqual([
      "Join linux/amd64 and linux/arm64 to dev-1.2.0 in ecr",
      [
        {
          kind: "put_index",
          tag: "dev-1.2.0",
          place: ecr,
          children: [
            { name: "local-ada-1.2.0", digest: digest("a"), platform: "linux/amd64" },
            { name: "local-bob-1.2.0", digest: digest("b"), platform: "linux/arm64" },
          ],
        },
      ],
    ]);
    expect(doing(plan(), copyImage)).toEqual([
      { kind: "copy_image", digest: image, tag: "dev-1.2.0", from: ecr, to: [hub] },
    ]);
    expect(doing(plan(), moveTag).map(({ to }) => to)).toEqual([image]);
  });

  it("takes nothing from the engine", () => {
    expect(lines(plan())).toEqual([]);
  });

  it("records the release with the place of the index", () => {
    expect(doing(plan(), record).map(({ index }) => index)).toEqual([ecr]);
  });
});

describe("release_merge_index is refused", () => {
  const share = "Share it from the machine that built it: i docker_share_local";
  const build = "Build it: i docker_build_local --version 1.2.0";
  const passes = "Each image of an index is tested on a machine of its own platform; the log has no such pass.";
  it.each<[string, () => unknown, object]>([
    [
      "for no image",
      () => plan({}),
      {
        message: "no image cannot be one index",
        why: "An index joins two images or more, each of another platform; these are none.",
        fix: "Name them: i release_merge_index --images local-ada-1.2.0,local-bob-1.2.0",
      },
    ],
    [
      "for one image",
      () => plan({ "local-ada-1.2.0": amd }),
      {
        message: "local-ada-1.2.0 cannot be one index",
        why: "An index joins two images or more, each of another platform; these are linux/amd64.",
      },
    ],
    [
      "for two images of one platform",
      () => plan({ "local-ada-1.2.0": amd, "local-bob-1.2.0": built("a", "linux/amd64") }),
      {
        message: "local-ada-1.2.0, local-bob-1.2.0 cannot be one index",
        why: "An index joins two images or more, each of another platform; these are linux/amd64, linux/amd64.",
      },
    ],
    [
      "for an image that was not shared",
      () => plan({}, {}, ["local-ada-1.2.0"]),
      {
        message: `ecr has no ${repository}:local-ada-1.2.0`,
        why: "Images are joined where they lie, in the first registry.",
        fix: share,
      },
    ],
    [
      "for an image of a registry that nobody asked",
      () => plan(two, { registries: {} }, ["local-ada-1.2.0"]),
      { message: `ecr has no ${repository}:local-ada-1.2.0`, fix: share },
    ],
    [
      "while the registry does not answer",
      () => plan({ ...two, "local-bob-1.2.0": { state: "unknown", why: "timeout" } }),
      { message: `ecr has no ${repository}:local-bob-1.2.0`, why: "timeout.", fix: share },
    ],
    [
      "for an index",
      () => plan({ ...two, "local-bob-1.2.0": built("b", null) }),
      {
        message: "local-bob-1.2.0 is an index already, not one image of 1.2.0",
        why: "An index of a version joins images of that version, one for each platform.",
        fix: build,
      },
    ],
    [
      "for an image of another version",
      () => plan({ ...two, "local-bob-1.2.0": built("b", "linux/arm64", { [`${label}version`]: "1.1.0" }) }),
      { message: "local-bob-1.2.0 is version 1.1.0, not one image of 1.2.0", fix: build },
    ],
    [
      "for an image without labels",
      () => plan({ ...two, "local-bob-1.2.0": { state: "found", digest: digest("b"), platform: "linux/arm64" } }),
      { message: "local-bob-1.2.0 is version unknown, not one image of 1.2.0" },
    ],
    [
      "for an image of another commit",
      () => plan({ ...two, "local-bob-1.2.0": built("b", "linux/arm64", { [`${label}revision`]: commit("e") }) }),
      {
        message: "local-bob-1.2.0 was built from eeeeeeeeeeee",
        why: "The files of the image are those of aaaaaaaaaaaa here, and all images of an index are built from the same.",
        fix: "Build it from this commit: i docker_build_local --version 1.2.0",
      },
    ],
    [
      "for an image of nobody knows which commit",
      () =>
        plan({
          ...two,
          "local-bob-1.2.0": {
            state: "found",
            digest: digest("b"),
            platform: "linux/arm64",
            labels: { [`${label}version`]: "1.2.0" },
          },
        }),
      { message: "local-bob-1.2.0 was built from an unknown commit" },
    ],
    [
      "for an image with files that are not the commit's",
      () => plan({ ...two, "local-bob-1.2.0": built("b", "linux/arm64", { "dev.slipway.context": "with a.py" }) }),
      {
        message: "local-bob-1.2.0 was built with a.py",
        fix: "Commit the files, then build it again: i docker_build_local --version 1.2.0",
      },
    ],
    [
      "for an image whose gates have not passed",
      () => plan(two, { log: tested.slice(0, 1) }),
      {
        message: "fast tests have not passed in local-bob-1.2.0 on linux/arm64 for this commit",
        why: passes,
        fix: "On the machine that built it: i run_fast_tests --stage local --version 1.2.0",
      },
    ],
    [
      "for an image with several gates that have not passed",
      () => plan(two, { log: [], config: config() }),
      {
        message: "fast, slow, qa tests have not passed in local-ada-1.2.0 on linux/amd64 for this commit",
        fix: "On the machine that built it: i run_fast_tests --stage local --version 1.2.0",
      },
    ],
    [
      "for an image that passed on another platform",
      () => plan(two, { log: [pass("a", "fast", "linux/amd64"), pass("b", "fast", "linux/amd64")] }),
      { message: "fast tests have not passed in local-bob-1.2.0 on linux/arm64 for this commit" },
    ],
    [
      "for an image that passed for another commit",
      () => plan(two, { log: [...tested.slice(0, 1), pass("b", "fast", "linux/arm64", { commit: commit("c") })] }),
      { message: "fast tests have not passed in local-bob-1.2.0 on linux/arm64 for this commit" },
    ],
    [
      "from a dirty tree",
      () => plan(two, { git: git({ dirty: ["a.py"] }) }),
      { message: "the code is not committed: a.py" },
    ],
  ])("%s", (_why, run, wanted) => {
    expect(refusal(run)).toMatchObject(wanted);
  });

  it("for gates of prod lists, which are looked for as the local image's", () => {
    const outside = config({ release: { gates: ["fast"] }, tests: { fast: { command: ["fast"], prod: "in_image" } } });
    expect(ids(plan(two, { config: outside }))).toContain("join");
  });
});
