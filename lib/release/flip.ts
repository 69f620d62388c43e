import { channelsOf, newestTag } from "../config/release_settings.ts";
import { targetPlaces } from "../names/names.ts";
import { stagesInPlay, wantedDigest } from "../names/releases.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { type MoveTag, moveTag } from "./move_tag.ts";

type Flip = Omit<MoveTag, "kind" | "image" | "tag"> & { readonly title: string; readonly skip: string | null };

/** The step that points the stage's mutable tag at an image in several registries as one, from what the plan saw there. */
export const flip = ({ config, stage }: Pick<Facts, "config" | "stage">, { title, skip, ...move }: Flip): Step =>
  step(`flip_${stage}`, title, [moveTag({ image: config.imageName, tag: stage, ...move })], { skip });

/** The step that points what `release.channels` has for the newest release at it: at prod, where the repo releases prod too. */
export function flipChannels(facts: Facts<"log">, move: Pick<MoveTag, "version" | "why" | "reason" | "to">): Step[] {
  const { config, stage, log } = facts;
  const tags = channelsOf(config, newestTag);
  if (tags.length === 0 || (stage === "dev" && stagesInPlay(log).includes("prod"))) return [];
  const places = targetPlaces(facts).map((place) => ({ ...place, seen: null }));
  const moves = tags.map((tag) => moveTag({ image: config.imageName, tag, ...move, places, follows: "releases" }));
  const skip = tags.every((tag) => wantedDigest(log, tag) === move.to) ? "the log has them there" : null;
  return [step("flip_channels", `Point ${tags.join(", ")} at ${move.version} too`, moves, { skip })];
}
