import type { Owner } from "../plan/facts.ts";
import type { Place } from "../plan/plan.ts";
import type { MoveTag } from "../release/move_tag.ts";

/** The intent of a flip, as its ref holds it: enough for anyone to finish or undo it. */
export type Flip = {
  /** Makes one flip one entry of the log, whoever finishes it. */
  readonly id: string;
  readonly owner: Owner;
  readonly image: string;
  readonly tag: string;
  readonly version: string;
  readonly why: MoveTag["why"];
  readonly reason?: string;
  readonly to: string;
  readonly places: readonly (Place & { readonly seen: string | null })[];
};
/** What a place answers now: the digest behind the tag, null for none, or that it does not answer. */
export type Answer = {
  readonly place: Flip["places"][number];
  readonly digest: string | null;
  readonly silent: boolean;
  readonly hasTarget: boolean;
};

export type Settlement = {
  readonly how: "finish" | "undo";
  readonly moves: readonly { readonly place: Flip["places"][number]; readonly digest: string }[];
  readonly silent: readonly Place[];
  readonly foreign: readonly Place[];
};

/**
 * What to do with a flip that was left behind: finish it where every answering registry has the image, else put the seen
 * digests back (design.md, step 8). A place whose tag is neither of the two was moved by a stranger and is left alone.
 */
export function settle(flip: Flip, answers: readonly Answer[]): Settlement {
  const speaking = answers.filter(({ silent }) => !silent);
  const foreign = speaking.filter(({ place, digest }) => digest !== place.seen && digest !== flip.to);
  const how = foreign.length === 0 && speaking.every(({ hasTarget }) => hasTarget) ? "finish" : "undo";
  const moves = speaking
    .filter((answer) => !foreign.includes(answer))
    .flatMap(({ place, digest }) => {
      const wanted = how === "finish" ? flip.to : place.seen;
      return wanted === null || wanted === digest ? [] : [{ place, digest: wanted }];
    });
  return {
    how,
    moves,
    silent: answers.filter(({ silent }) => silent).map(({ place }) => place),
    foreign: foreign.map(({ place }) => place),
  };
}
