import { describeCommit } from "../doors/git_describe.ts";
import { loadNested } from "../doors/runnable_dirs.ts";
import { branchTag, type DevVersion, devVersion, parseBranch } from "../model/dev_version.ts";
import { UserError } from "../model/errors.ts";
import type { Facts, RegistryFacts } from "../model/facts.ts";
import { loadRegistryFacts } from "./needs.ts";
import { text } from "./options.ts";

/** The branch that a commit is built for. */
export const branch = text<string>(
  "NAME",
  "The branch that the commit is of, instead of the one that is checked out.",
  {
    onlyTyped: true,
    parse: parseBranch,
  },
);

type Pinned = { readonly branch: string; readonly version: DevVersion; readonly follow: readonly string[] };

/** The version of the commit before any release that is tagged at it, and what follows its branch. */
export async function pinBranch(facts: Facts, typed: string | undefined): Promise<Pinned> {
  const { place, config, git, env } = facts;
  const branch = typed ?? git.branch;
  if (branch === null) throw onNoBranch();
  parseBranch(branch);
  const image = config.imageName;
  const { commit, shallow } = git;
  const described = await describeCommit(place, { commit, image, before: true }, env);
  const version = devVersion({ ...described, image, commit, shallow, dirty: false });
  return { branch, version, follow: [branchTag(branch), ...(config.release.channels[branch] ?? [])] };
}

/** What release_branch has to know beside the usual: what its tags are now. */
export async function lookForBranch(
  facts: Facts,
  options: { readonly branch: string | undefined; readonly offline: boolean },
): Promise<Pinned & { readonly registries: RegistryFacts; readonly nested: readonly string[] }> {
  const [pinned, nested] = await Promise.all([pinBranch(facts, options.branch), loadNested(facts)]);
  const registries = await loadRegistryFacts(facts, [pinned.version.tag, ...pinned.follow], options);
  return { ...pinned, registries, nested };
}

const onNoBranch = (): UserError =>
  new UserError("no branch is checked out here", {
    why: "The image of a branch is named after it, and a CI may check out the commit alone.",
    fix: "Name it: --branch NAME",
  });
