import type { Facts } from "../model/facts.ts";
import { type MoveTag, type Step, step } from "../model/plan.ts";

type Flip = Omit<MoveTag, "kind" | "image" | "tag"> & { readonly title: string; readonly skip: string | null };

/** The step that points dev at an image in several registries as one, from what the plan saw there. */
export const flipDev = (facts: Facts, { title, skip, ...move }: Flip): Step =>
  step("flip_dev", title, [{ kind: "move_tag", image: facts.config.imageName, tag: "dev", ...move }], { skip });
