import { ecrChecks } from "../container/ecr_login.ts";
import { verifyDigest } from "../kinds/verify_digest.ts";
import { releaseClaim, tagMessage, targetPlaces } from "../names/names.ts";
import type { Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Action, type Place, type Step, step } from "../plan/plan.ts";
import { checkPush } from "./check_push.ts";
import { returnClaim, takeClaim } from "./claim.ts";
import { gitTag, pushTag, tryTag } from "./git_tag.ts";
import { settleMove } from "./settle_move.ts";

/** Steps that only one run does for a version at a time: its claim before them, given back after them (design.md, step 1), where any of them changes something. */
export const claimed = (facts: Facts<"log">, version: Version, steps: readonly Step[]): Step[] =>
  underClaim(
    { ref: releaseClaim(facts, version), name: version, isHeld: facts.claim !== null, places: targetPlaces(facts) },
    steps,
  );

type Claimed = {
  readonly ref: string;
  readonly name: string;
  readonly isHeld: boolean;
  /** Where these steps push to. */
  readonly places: readonly Place[];
};

/** The same under the claim of what is no version. Registries and remote are asked beside it whether they take what is to be pushed. */
export function underClaim({ ref, name, isHeld, places }: Claimed, steps: readonly Step[]): Step[] {
  const skip = steps.some(changes) || isHeld ? null : "nothing needs to change";
  const asked = [checkPush({ places }), ...tagCheck(steps, ref)];
  return [
    step("claim", `Claim ${name} and check push access`, [takeClaim({ ref }), ...asked], { skip }),
    ...steps,
    step("release_claim", "Release the claim", [returnClaim({ ref })], { skip }),
  ];
}

/** Whether a step does more than look. */
const changes = (one: Step): boolean => one.skip === null && !one.do.every(verifyDigest.is);

/** Whether the tag that these steps make or push can be made and pushed; nothing where they do neither. */
function tagCheck(steps: readonly Step[], claim: string): Action[] {
  const actions = steps.flatMap((one) => (one.skip === null ? one.do : []));
  const made = actions.find(gitTag.is);
  const pushed = actions.find(pushTag.is);
  const wanted = made ?? pushed;
  if (!wanted) return [];
  const { tag, commit } = wanted;
  const more = { message: tagMessage(tag), ...(made?.replaces ? { replaces: made.replaces } : {}) };
  return [tryTag({ tag, commit, ...more, claim: pushed ? claim : null })];
}

/** What is looked at before anything is claimed: a move left half-way, and ECR's settings. */
export const lookAtTargets = (facts: Facts): Step =>
  step("preflight", "Check for an unfinished tag move", [settleMove({}), ...ecrChecks(facts)]);
