import { readImageFiles } from "../../doors/image_files.ts";
import type { ComparePackages } from "../../model/package_actions.ts";
import { comparePackages, renderChanges } from "../../model/package_diff.ts";
import { isPackageFile, type Package, packagesOf } from "../../model/packages.ts";
import type { Digest } from "../../model/plan.ts";
import { digestText, type Outcome, ownLabels, type World } from "../world.ts";

/** Reads both images, one after the other, and tells what differs. */
export async function compareImages(action: ComparePackages, world: World): Promise<Outcome> {
  const before = await packagesIn(action.before, world);
  const after = await packagesIn(action.after, world);
  const changes = comparePackages(before, after);
  world.state.text.push(renderChanges(changes, action.names));
  world.state.data = { before: action.names[0], after: action.names[1], changes };
  return "done";
}

async function packagesIn(image: Digest, world: World): Promise<Package[]> {
  const files = await readImageFiles(digestText(world, image), {
    wanted: isPackageFile,
    labels: ownLabels(world),
    cwd: world.facts.place.root,
    env: world.facts.env,
    signal: world.signal,
  });
  return [...files].flatMap(([path, text]) => packagesOf(path, text));
}
