import { loadBranches } from "../doors/git_branches.ts";
import { loadMains } from "../doors/git_main.ts";
import { loadRepos } from "../doors/git_repos.ts";
import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";

type Options = { readonly remote: boolean; readonly offline: boolean };

/** The repos, and of those with a remote the branches that its main has. */
export async function lookForMerged({ place: { root }, env }: Facts, { remote, offline }: Options) {
  if (remote && offline)
    throw new UserError("branches of a remote cannot be deleted with --offline", {
      why: "They are the remote's, which is not to be asked.",
      fix: "Leave out --remote, or --offline",
    });
  const repos = await loadRepos(root, env);
  const paths = repos.filter(({ state }) => state === "read").map(({ path }) => path);
  const mains = await loadMains(paths, { root, offline, env });
  const branches = paths.flatMap((path) => {
    const main = mains[path];
    return main ? [loadBranches(root, { path, main, onRemote: remote }, env)] : [];
  });
  return { repos, branches: await Promise.all(branches), offline };
}
