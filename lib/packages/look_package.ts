import { isAbsolute, join, normalize, relative } from "node:path";
import { exists, filesIn } from "../doors/files.ts";
import { describeCommit } from "../doors/git_describe.ts";
import { UserError } from "../errors.ts";
import type { Described } from "../names/dev_version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Named, namedPackage } from "../python/built_package.ts";
import type { DeployLook, DistLook } from "./package.ts";

/** The release behind the commit. A run that a branch has started stays one: a tag that comes later makes no release of it. */
export const lookAtVersion = ({ place, config, git, env }: Facts): Promise<Described> =>
  describeCommit(
    place,
    { commit: git.commit, image: config.imageName, before: env["GITHUB_REF_TYPE"] === "branch" },
    env,
  );

/** A path as it is typed, relative to the outermost root. */
function inRepo({ place }: Facts, typed: string): string {
  const path = normalize(isAbsolute(typed) ? relative(place.root, typed) : join(place.cwd, typed)).replace(/\/$/, "");
  if (path !== ".." && !path.startsWith("../")) return path;
  throw new UserError(`"${typed}" is not in this repo`, {
    why: "Packages and build contexts are the repo's own.",
    fix: "Name a dir of the repo, like docker/pkg",
  });
}

const packagesIn = ({ place }: Facts, path: string): readonly Named[] =>
  filesIn(join(place.root, path)).flatMap((file) => namedPackage(file) ?? []);

/** Packages that were built, and those that lie where they are copied to. */
export async function lookAtDist(
  facts: Facts,
  { dirs: typed }: { readonly dirs: readonly string[] },
): Promise<DistLook> {
  const [source, ...dirs] = typed.map((dir) => inRepo(facts, dir));
  if (source === undefined || dirs.length === 0)
    throw new UserError("packages are copied from one dir to others", {
      why: `${typed.length === 0 ? "No dir was" : "Only one was"} given.`,
      fix: "Type i release_dist_copy dist docker/pkg",
    });
  const targets = dirs.map((dir) => ({ dir, packages: packagesIn(facts, dir) }));
  return { source, packages: packagesIn(facts, source), targets };
}

/** What an image is built from, with the packages that get into it. */
export async function lookAtDeploy(
  facts: Facts,
  { image = "." }: { readonly image?: string | undefined },
): Promise<DeployLook> {
  const context = inRepo(facts, image);
  if (!exists(join(facts.place.root, context, "Dockerfile")))
    throw new UserError(`there is no Dockerfile in "${context}"`, {
      why: "The image of a dir is built from the Dockerfile in it.",
      fix: "Name the dir that has one, like -i docker/",
    });
  return { context, described: await lookAtVersion(facts), packages: packagesIn(facts, join(context, "pkg")) };
}
