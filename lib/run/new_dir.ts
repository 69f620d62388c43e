import { join } from "node:path";
import { loadRemote } from "../doors/git_remote.ts";
import { findRunnableDirs } from "../doors/runnable_dirs.ts";
import { loadTemplate } from "../doors/template.ts";
import type { Facts, NewDir } from "../model/facts.ts";

/** What init_runnable_dir has to know of a dir and of the repo around it. */
export async function lookAtNewDir({ place, env }: Pick<Facts, "place" | "env">): Promise<NewDir> {
  const [others, { remote }] = await Promise.all([findRunnableDirs(place, env), loadRemote(place.owner, null, env)]);
  return {
    ...loadTemplate(join(place.root, place.dir)),
    codeAt: remote?.address ?? null,
    otherImages: others.filter(({ dir }) => dir !== place.dir),
  };
}
