import { branchesOf, gitIn } from "../doors/git.ts";
import { remoteOf } from "../doors/git_remote.ts";
import { UserError } from "../errors.ts";
import { nextBranchName } from "../names/branch_name.ts";
import type { Facts } from "../plan/facts.ts";

type Options = { readonly branch: string | undefined; readonly offline: boolean };

/** The next free name of a branch: free here, in what was fetched, and in the remote unless it is not to be asked. */
export async function lookForNextName({ place, git, env }: Facts, options: Options): Promise<string> {
  const branch = options.branch ?? git.branch;
  if (branch === null)
    throw new UserError("no branch is checked out", {
      why: "The next name is made from the name of a branch.",
      fix: "Name one: i git_branch_next_name --branch NAME",
    });
  const format = "--format=%(refname:lstrip=2)%00%(refname:lstrip=3)";
  const [known, there] = await Promise.all([
    gitIn(place.owner, env)(["for-each-ref", format, "refs/heads", "refs/remotes"]),
    options.offline ? [] : branchesOf(place.owner, remoteOf(git)?.address ?? null, env),
  ]);
  return nextBranchName(branch, [...known.split(/[\0\n]/), ...there]);
}
