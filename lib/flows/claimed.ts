import type { Facts } from "../model/facts.ts";
import { releaseClaim, targetPlaces } from "../model/names.ts";
import { type Step, step } from "../model/plan.ts";
import type { Version } from "../model/version.ts";
import { ecrChecks } from "./ecr.ts";

/** Steps that only one run does for a version at a time: its claim before them, given back after them (design.md, step 1). */
export function claimed(facts: Facts, version: Version, steps: readonly Step[]): Step[] {
  const ref = releaseClaim(facts, version);
  return [
    step("claim", `Claim ${version}`, [{ kind: "git_ref", op: "claim", ref }], { yields: "claim" }),
    ...steps,
    step("release_claim", "Give the claim back", [{ kind: "git_ref", op: "release_claim", ref }]),
  ];
}

/** What is looked at before anything is pushed: a move left half-way, ECR's settings, the right to push. */
export const lookAtTargets = (facts: Facts): Step =>
  step("preflight", "Look at the right to push", [
    { kind: "check", what: "flip" },
    ...ecrChecks(facts),
    { kind: "check", what: "push", places: targetPlaces(facts) },
  ]);
