import { describe, expect, it } from "vitest";
import { imageLabels } from "../../lib/build/build.ts";
import { announce } from "../../lib/kinds/announce.ts";
import { record } from "../../lib/kinds/record.ts";
import { branchTag, devVersion } from "../../lib/names/dev_version.ts";
import type { Decision } from "../../lib/names/trigger.ts";
import type { AllFacts, RegistryFacts } from "../../lib/plan/facts.ts";
import type { Step } from "../../lib/plan/plan.ts";
import { releaseBranch, tellDevVersion, tellTrigger } from "../../lib/release/branch.ts";
import { flipChannels } from "../../lib/release/flip.ts";
import { moveTag } from "../../lib/release/move_tag.ts";
import { commit, config, digest, facts, found, ids, localImage, logged, refusal, stepOf, version } from "./factory.ts";

const described = { tag: "cmamp-1.2.0", distance: 5 };
const pinned = {
  version: devVersion({ ...described, image: "cmamp", commit: commit("a"), dirty: false, shallow: false }),
  follow: [branchTag("feature/x"), "develop"],
};
const { tag } = pinned.version;
const now = digest("b");
const options = { cache: true, buildArg: [], skipTests: false };
const plan = (
  registries: RegistryFacts = {},
  world: Partial<AllFacts> = {},
  more: Partial<typeof options> = {},
): Step[] =>
  releaseBranch(
    facts({ config: config({ release: { gates: ["fast"] } }), ...world }),
    { ...options, ...more },
    { branch: "feature/x", ...pinned, registries, nested: [], services: null },
  );
const everywhere = (tags: Readonly<Record<string, ReturnType<typeof found>>>) => ({ ecr: tags, dockerhub: tags });
const skips = (steps: readonly Step[]) => steps.flatMap(({ id, skip }) => (skip === null ? [] : [`${id}: ${skip}`]));

describe("the image of a branch", () => {
  it("is built, tested, pushed and copied; then its tags follow, it is read back and recorded", () => {
    expect(ids(plan())).toEqual([
      ...["preflight", "claim", "build_local", "run_fast_tests", "check_branch", "push_branch", "copy_to_others"],
      ...["follow_branch", "verify", "record_branch", "release_claim", "tell"],
    ]);
  });

  it("moves each tag that follows its branch from what it is by then", () => {
    const moves = stepOf(plan(), "follow_branch").do.filter(moveTag.is);
    expect(moves.map((one) => [one.tag, one.version, one.follows])).toEqual(
      pinned.follow.map((one) => [one, tag, { branch: "feature/x", commit: commit("a") }]),
    );
  });

  it("is looked for on its branch before anything is done, and again before the push", () => {
    const check = { kind: "check_branch", branch: "feature/x", commit: commit("a") };
    expect(stepOf(plan(), "preflight").do[1]).toEqual(check);
    expect(stepOf(plan(), "check_branch").do).toEqual([check]);
  });

  it("is taken from a registry that has it, and changes nothing where all is done", () => {
    const tags = Object.fromEntries([tag, ...pinned.follow].map((one) => [one, found(now)]));
    const entry = stepOf(plan(everywhere(tags)), "record_branch").do.filter(record.is)[0]?.entry;
    const log = [logged({ ...entry } as Parameters<typeof logged>[0])];
    expect(skips(plan(everywhere(tags), { log, config: config({ release: { gates: [] } }) }))).toEqual([
      "claim: nothing needs to change",
      `build_local: ${tag} is in a registry`,
      "pull_image: every list has passed",
      "check_branch: the image is pushed",
      `push_branch: ecr has ${tag}`,
      "copy_to_others: all have it",
      "follow_branch: they are this image everywhere",
      "record_branch: the log has it",
      "release_claim: nothing needs to change",
    ]);
  });

  it("is pulled to be tested where only a registry has it", () => {
    const steps = plan({ ecr: { [tag]: found(now) } });
    expect(stepOf(steps, "pull_image").skip).toBeNull();
    expect(JSON.stringify(stepOf(steps, "run_fast_tests").do)).toContain(`127.0.0.1:5001/cmamp@${now}`);
  });

  it("is taken from the engine where it would be built the same", () => {
    const labels = imageLabels(facts(), pinned.version.pep440, "no_update");
    const image = localImage(`127.0.0.1:5001/cmamp:local-gp-${tag}`, { labels });
    const { engine } = facts();
    expect(skips(plan({}, { engine: { ...engine, images: [image] } }))[0]).toMatch(/^build_local: already built: /);
  });

  it("is recorded as untested with --skip-tests", () => {
    const steps = plan({}, {}, { skipTests: true });
    expect(stepOf(steps, "record_skips").do).toMatchObject([
      { entry: { type: "skip", list: "fast", version: pinned.version.pep440, why: "--skip-tests" } },
    ]);
  });

  it.each<[string, Partial<AllFacts>, string]>([
    ["of changes that are not committed", { git: { ...facts().git, dirty: ["a.txt"] } }, "git stash"],
    ["of a dir that releases nothing", { config: config({ release: "none" }) }, "remove release: none"],
  ])("%s is refused", (_what, world, fix) => {
    expect(refusal(() => plan({}, world)).fix).toContain(fix);
  });
});

const textOf = (steps: readonly Step[]) =>
  steps.flatMap((one) => one.do.filter(announce.is)).map(({ text }) => text)[0];

describe("what a push asks for is told", () => {
  const told = (decision: Decision) =>
    textOf(
      tellTrigger(
        facts(),
        {},
        {
          ...{ decision, pinned: decision.build === "branch" ? pinned : null },
          trigger: { event: "push", ref: null, commit: null, main: null, isDeleted: false, isFork: false },
        },
      ),
    );
  it.each<[Decision, string]>([
    [
      { build: "branch", branch: "it's $(x)", why: "a push" },
      `cmamp 1.2.1.dev5 is to be released: a push\n  ${tag}\n  ${pinned.follow[0]}\n  develop\ntype: i release_branch --branch 'it'\\''s $(x)' --commit ${commit("a")}`,
    ],
    [
      { build: "release", stage: "prod", version: version("1.2.0"), why: "a tag" },
      "cmamp 1.2.0 is to be released: a tag\n  prod-1.2.0\n  prod\ntype: i docker_release_prod --version 1.2.0",
    ],
    [{ build: "nothing", why: "a fork" }, "nothing is released: a fork"],
  ])("%j", (decision, text) => {
    expect(told(decision)).toBe(text);
  });
});

describe("the version of a commit is told", () => {
  const told = (given: Partial<{ local: boolean; dirty: boolean }>, world: Partial<AllFacts> = {}, tagged = true) =>
    textOf(
      tellDevVersion(
        facts(world),
        { local: false, dirty: false, ...given },
        tagged ? described : { tag: null, distance: 5 },
      ),
    );
  const dirty = { git: { ...facts().git, dirty: ["a.txt"] } };
  it("in each spelling", () => {
    expect(told({})).toBe(`PEP 440  1.2.1.dev5\nsemver   1.2.1-dev.5\nimage    cmamp:${tag}`);
  });
  it("with the commit where that is asked for", () => {
    expect(told({ local: true })).toContain("1.2.1.dev5+gaaaaaaaaaaaa\n");
  });
  it("with a mark for changes that are not committed, only where they are taken", () => {
    expect(told({ local: true, dirty: true }, dirty)).toContain("1.2.1.dev5+gaaaaaaaaaaaa.dirty\n");
    expect(refusal(() => told({}, dirty)).fix).toContain("git stash");
  });
  it("with the line that fetches tags, where there is none", () => {
    expect(told({}, {}, false)).toContain("git fetch --tags");
  });
});

describe("what release.channels has for the newest release", () => {
  const channels = (more: Partial<AllFacts> = {}, tags: readonly string[] = ["edge", "latest"]) =>
    flipChannels(facts({ config: config({ release: { channels: { "newest-tag": tags } } }), ...more }), {
      version: "1.2.0",
      why: "release",
      to: now,
    });
  const release = (stage: "dev" | "prod") =>
    logged({ type: "release", stage, version: "1.2.0", digest: now, commit: commit("a"), registries: ["ecr"] });
  const flip = (one: string) =>
    logged({
      ...{ type: "flip", id: one, tag: one, version: "1.2.0", to: now, from: {}, why: "release", registries: ["ecr"] },
    });

  it("goes with dev, and where the repo releases prod with prod alone", () => {
    const moves = channels().flatMap((one) => one.do.filter(moveTag.is));
    expect(moves.map((one) => [one.tag, one.to, one.follows])).toEqual([
      ["edge", now, "releases"],
      ["latest", now, "releases"],
    ]);
    expect(ids(channels({ log: [release("prod")] }))).toEqual([]);
    expect(ids(channels({ log: [release("prod")], stage: "prod" }))).toEqual(["flip_channels"]);
    expect(ids(channels({ stage: "prod" }))).toEqual(["flip_channels"]);
  });

  it("is left where the log has it there already, and nothing without it", () => {
    expect(skips(channels({ log: [flip("edge"), flip("latest")] }))).toEqual(["flip_channels: the log has them there"]);
    expect(skips(channels({ log: [flip("edge")] }))).toEqual([]);
    expect(channels({}, [])).toEqual([]);
  });
});
