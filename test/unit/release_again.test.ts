import { describe, expect, it } from "vitest";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { gitTag } from "../../lib/release/git_tag.ts";
import {
  active,
  commit,
  digest,
  doing,
  engine,
  found,
  git,
  ids,
  lines,
  localImage,
  logged,
  owner,
  stepOf,
} from "./factory.ts";
import { built, here, inRegistries, labels, local, noGates, oneGate, pass, plan, released } from "./release_plans.ts";

describe("a release goes on", () => {
  it.each<[string, Partial<AllFacts>, string, string | null]>([
    ["builds where nothing is", {}, "build_local", null],
    ["builds nothing that the engine has", here, "build_local", `already built: ${built}`],
    ["builds nothing that a registry has", inRegistries, "build_local", "dev-1.2.0 is in a registry"],
    ["pulls what only a registry has", inRegistries, "pull_image", null],
    [
      "pulls nothing where every gate has passed",
      { ...inRegistries, ...noGates },
      "pull_image",
      "every gate has passed",
    ],
    [
      "pulls nothing where its one gate has passed",
      { ...inRegistries, ...oneGate },
      "pull_image",
      "every gate has passed",
    ],
    [
      "pulls nothing that the engine has",
      { ...inRegistries, engine: engine({ images: [localImage(local, { digests: [built] })] }) },
      "pull_image",
      "the engine has it",
    ],
    ["pushes nothing that the registry has", inRegistries, "push_dev", "ecr has dev-1.2.0"],
    ["copies nothing that all have", inRegistries, "copy_to_others", "all have it"],
    ["pushes no Git tag that the remote has", { ...inRegistries, ...tagged("a") }, "push_git_tag", "the remote has it"],
    ["pushes no Git tag without a remote", { git: git({ remote: null }) }, "push_git_tag", "the repo has no remote"],
    [
      "makes no Git tag that was pushed",
      { ...inRegistries, ...tagged("a") },
      "git_tag",
      "it was pushed at aaaaaaaaaaaa",
    ],
    [
      "makes no Git tag that is there",
      { git: git({ tags: { "cmamp-1.2.0": commit("a") } }) },
      "git_tag",
      "the tag is there",
    ],
    [
      "moves dev nowhere where it is this image",
      {
        registries: {
          ecr: { "dev-1.2.0": found(built, labels), dev: found(built) },
          dockerhub: { "dev-1.2.0": found(built, labels), dev: found(built) },
        },
      },
      "flip_dev",
      "dev is this image everywhere",
    ],
    [
      "moves dev where one registry has another image",
      {
        registries: {
          ecr: { "dev-1.2.0": found(built, labels), dev: found(built) },
          dockerhub: { "dev-1.2.0": found(built, labels), dev: found(digest("b")) },
        },
      },
      "flip_dev",
      null,
    ],
  ])("%s", (_what, world, id, skip) => {
    expect(stepOf(plan(world), id).skip).toBe(skip);
  });

  const everywhere = { "dev-1.2.0": found(built, labels), dev: found(built) };
  const whole = { ...oneGate, ...tagged("a"), registries: { ecr: everywhere, dockerhub: everywhere } };
  const log = [...(oneGate.log ?? []), ...(tagged("a").log ?? [])];
  it("claims nothing where all is there, and reads it back", () => {
    const steps = plan({ ...whole, log });
    expect(["claim", "release_claim"].map((id) => stepOf(steps, id).skip)).toEqual(
      Array(2).fill("nothing needs to change"),
    );
    expect(stepOf(steps, "record_release").skip).toBe("the log has it");
    expect(stepOf(steps, "verify").skip).toBeNull();
  });

  it.each<[string, Partial<AllFacts>]>([
    ["a run that ended left its claim", { log, claim: owner() }],
    ["the log has not all", { log: oneGate.log ?? [] }],
    [
      "the log has it of other registries",
      { log: log.map((one) => (one.type === "release" ? { ...one, registries: ["ecr"] } : one)) },
    ],
  ])("claims the version where %s", (_what, more) => {
    expect(active(plan({ ...whole, ...more }))).toContain("claim");
  });

  it("pulls what it tests by its digest", () => {
    const step = stepOf(plan(inRegistries), "pull_image");
    expect([step.title, lines([step])]).toEqual([
      "Pull dev-1.2.0 to test it",
      [`docker pull 127.0.0.1:5001/cmamp@${built}`],
    ]);
  });

  it("pulls where one gate has passed and another has not", () => {
    const log = [{ ...pass("fast"), runner: 'pytest -m "not slow and not superslow and not qa"' }];
    expect(active(plan({ ...inRegistries, log }))).toContain("pull_image");
  });

  it("has no pull where no registry has the version", () => {
    expect(ids(plan(here))).not.toContain("pull_image");
  });

  it("moves a Git tag that was never pushed and names another commit", () => {
    const [tag] = doing(plan({ git: git({ tags: { "cmamp-1.2.0": commit("c") } }) }), gitTag);
    expect(tag).toMatchObject({ commit: commit("a"), replaces: commit("c") });
  });

  it.each<[string, Partial<AllFacts>]>([
    ["is at this commit", { git: git({ tags: { "cmamp-1.2.0": commit("a") } }) }],
    ["was pushed", { ...inRegistries, ...tagged("c") }],
    ["is not there", {}],
  ])("moves no Git tag that %s", (_what, world) => {
    expect(stepOf(plan(world), "git_tag").do.map((action) => "replaces" in action)).toEqual([false]);
  });

  it("records and pushes the commit of a tag that was pushed", () => {
    const steps = plan({ ...inRegistries, ...tagged("c") });
    const [records, pushed] = ["record_release", "push_git_tag"].map((id) => stepOf(steps, id).do);
    expect([records, pushed]).toMatchObject([[{ entry: { commit: commit("c") } }], [{ commit: commit("c") }]]);
  });
});

/** The version's Git tag on the remote and here, at a commit that was built from these inputs and released. */
function tagged(letter: string): Partial<AllFacts> {
  const tags = { "cmamp-1.2.0": commit(letter) };
  const log = [logged({ ...released, digest: built, commit: commit(letter) })];
  return { remoteTags: tags, git: git({ tags }), log };
}
