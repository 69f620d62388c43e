import { readImageFiles } from "../doors/image_files.ts";
import { kind } from "../plan/kind.ts";
import type { Value } from "../plan/plan.ts";
import { packageChanges, renderChanges } from "../python/package_diff.ts";
import { isPackageFile, type Package, packagesOf } from "../python/packages.ts";
import { knownValue, type Outcome, ownLabels, type World } from "../run/world.ts";

/** Reads the packages of two images, none of which is run, and tells what differs; `data` is the list of changes. */
export type ComparePackages = {
  readonly kind: "compare_packages";
  readonly before: Value;
  readonly after: Value;
  /** What a person calls them. */
  readonly names: readonly [string, string];
};

export const comparePackages = kind<ComparePackages>("compare_packages", {
  reaps: () => true,
  leaves: true,
  lines: ({ before, after }, show) =>
    [before, after].map(
      (image) => `docker export $(docker create --entrypoint /none ${show(image)})   # its packages, compared`,
    ),
  run: compare,
});

async function compare(action: ComparePackages, world: World): Promise<Outcome> {
  const before = await packagesIn(action.before, world);
  const after = await packagesIn(action.after, world);
  const changes = packageChanges(before, after);
  world.state.text.push(renderChanges(changes, action.names));
  world.state.data = { before: action.names[0], after: action.names[1], changes };
  return "done";
}

async function packagesIn(image: Value, world: World): Promise<Package[]> {
  const files = await readImageFiles(knownValue(world, image), {
    wanted: isPackageFile,
    labels: ownLabels(world),
    cwd: world.facts.place.root,
    env: world.facts.env,
    signal: world.signal,
  });
  return [...files].flatMap(([path, text]) => packagesOf(path, text));
}
