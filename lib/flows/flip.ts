import { type MoveTag, moveTag } from "../kinds/move_tag.ts";
import type { Facts } from "../model/facts.ts";
import { type Step, step } from "../model/plan.ts";

type Flip = Omit<MoveTag, "kind" | "image" | "tag"> & { readonly title: string; readonly skip: string | null };

/** The step that points the stage's mutable tag at an image in several registries as one, from what the plan saw there. */
export const flip = ({ config, stage }: Pick<Facts, "config" | "stage">, { title, skip, ...move }: Flip): Step =>
  step(`flip_${stage}`, title, [moveTag({ image: config.imageName, tag: stage, ...move })], { skip });
