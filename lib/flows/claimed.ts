import type { Facts } from "../model/facts.ts";
import { releaseClaim, tagMessage, targetPlaces } from "../model/names.ts";
import { type Check, type Step, step } from "../model/plan.ts";
import type { Version } from "../model/version.ts";
import { ecrChecks } from "./ecr.ts";

/** Steps that only one run does for a version at a time: its claim before them, given back after them (design.md, step 1), where any of them changes something. */
export function claimed(facts: Facts, version: Version, steps: readonly Step[]): Step[] {
  const ref = releaseClaim(facts, version);
  const skip = steps.some(changes) || facts.claim !== null ? null : "nothing is to be changed";
  const claim = [{ kind: "git_ref", op: "claim", ref } as const, ...tagCheck(steps, ref)];
  return [
    step("claim", `Claim ${version}`, claim, { yields: "claim", skip }),
    ...steps.map((one) => (isNote(one) ? { ...one, skip } : one)),
    step("release_claim", "Give the claim back", [{ kind: "git_ref", op: "release_claim", ref }], { skip }),
  ];
}

const isNote = (one: Step): boolean =>
  one.do.length > 0 && one.do.every((action) => action.kind === "git_ref" && action.op === "claim");

/** Whether a step does more than look, and note in the claim what is built. */
const changes = (one: Step): boolean =>
  one.skip === null && !isNote(one) && one.do.some(({ kind }) => kind !== "verify_digest");

/** Whether the tag that these steps make or push can be made and pushed; nothing where they do neither. */
function tagCheck(steps: readonly Step[], claim: string): Check[] {
  const refs = steps.flatMap((one) => (one.skip === null ? one.do : [])).filter((one) => one.kind === "git_ref");
  const made = refs.find((one) => one.op === "tag");
  const pushed = refs.find((one) => one.op === "push_tag");
  const wanted = made ?? pushed;
  if (!wanted) return [];
  const { tag, commit } = wanted;
  const more = { message: tagMessage(tag), ...(made?.replaces ? { replaces: made.replaces } : {}) };
  return [{ kind: "check", what: "git_tag", tag, commit, ...more, claim: pushed ? claim : null }];
}

/** What is looked at before anything is pushed: a move left half-way, ECR's settings, the right to push. */
export const lookAtTargets = (facts: Facts): Step =>
  step("preflight", "Look at the right to push", [
    { kind: "check", what: "flip" },
    ...ecrChecks(facts),
    { kind: "check", what: "push", places: targetPlaces(facts) },
  ]);
