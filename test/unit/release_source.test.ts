import { describe, expect, it } from "vitest";
import { announce } from "../../lib/kinds/announce.ts";
import type { AllFacts } from "../../lib/plan/facts.ts";
import { stepsOf } from "../../lib/plan/plan.ts";
import { mergeIndex } from "../../lib/release/merge_index.ts";
import { pushDev, pushProd, tagPushLocalAsDev } from "../../lib/release/promote.ts";
import { release as planRelease, type ReleaseOptions } from "../../lib/release/release.ts";
import { updateLock } from "../../lib/release/update_lock.ts";
import { planDespite } from "../../lib/run/despite.ts";
import { config, doing, engine, facts, git, ids, refusal, releaseOptions } from "./factory.ts";

const plan = (world: Partial<AllFacts>, more: Partial<ReleaseOptions> = {}) =>
  planRelease(facts(world), { ...releaseOptions, ...more });

describe("what the template has in the place of an account", () => {
  const placeholder = { repo_info: { github_repo_account: "your-account" } };
  it("is not released", () => {
    const alone = { config: config(placeholder), git: git({ remote: null }) };
    expect(refusal(() => plan(alone))).toMatchObject({
      message: "github_repo_account is your-account in repo_config.yaml, which the template has there",
      fix: "Write the account below repo_info, or add the remote: git remote add origin URL",
    });
    const registry = config({ container_registry_info: { ghcr: "ghcr.io/your-account" } });
    expect(refusal(() => plan({ config: registry })).message).toBe(
      "ghcr is ghcr.io/your-account in repo_config.yaml, which the template has there",
    );
  });

  it("goes by where a Git remote tells what it is", () => {
    expect(() => plan({ config: config(placeholder) })).not.toThrow();
  });
});

describe("a commit that only this clone has", () => {
  const unpushed = { branch: "main", line: "git push origin HEAD:main" };
  it("is not released, unless that is typed", () => {
    expect(refusal(() => plan({ unpushed }))).toMatchObject({
      message: "origin does not have the commit aaaaaaaaaaaa on its branch main",
      fix: "Push it: git push origin HEAD:main; or release it all the same: --allow-unpushed",
    });
    const told = doing(plan({ unpushed }, { allowUnpushed: true }), announce).at(-1);
    expect(told?.text).toContain("NOT PUSHED   the commit is on no branch that others have: git push origin HEAD:main");
  });

  it.each<[string, Partial<ReleaseOptions>]>([
    ["nothing is pushed", { pushToRepo: false }],
    ["this run made it, of a new lock", { poetryMode: "update" }],
  ])("goes on where %s", (_why, options) => {
    expect(() => plan({ unpushed }, options)).not.toThrow();
  });

  it.each<[string, (world: AllFacts) => unknown]>([
    ["docker_release_* --update-poetry", (world) => updateLock(world, { cache: true, poetryMode: "update" })],
    ["docker_push_dev", (world) => pushDev(world, {})],
    ["docker_tag_push_multi_build_local_as_dev", (world) => tagPushLocalAsDev(world, { skipTests: true })],
    ["docker_push_prod", (world) => pushProd(world, { skipTests: true })],
    ["release_merge_index", (world) => mergeIndex(world, { images: ["a", "b"] })],
  ])("is refused by %s", (_workflow, run) => {
    expect(refusal(() => run(facts({ unpushed }))).fix).toContain("--allow-unpushed");
  });
});

describe("a dry run of a release that would be refused", () => {
  const unpushed = { branch: "main", line: "git push origin HEAD:main" };
  it.each<[string, Partial<AllFacts>]>([
    ["dirty", { git: git({ dirty: ["a.py"] }) }],
    ["shallow", { git: git({ shallow: true }) }],
    ["unpushed", { unpushed }],
    ["engine", { engine: engine({ up: false }) }],
    ["services", { services: { network: null, missing: ["db"], neededBy: ["fast"], line: "i service_up" } }],
  ])("for its state, %s, plans the same and says so", (kind, world) => {
    const { steps, refused } = planDespite({ facts: facts(world), seen: undefined }, ({ facts: seen }) =>
      planRelease({ ...seen, nested: [], services: facts(seen).services }, releaseOptions),
    );
    expect([refused.map((one) => one.kind), ids(stepsOf({ steps }))]).toEqual([[kind], ids(plan({}))]);
  });
});
