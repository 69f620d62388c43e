import { gitIn, headsOf } from "../doors/git.ts";
import { remoteOf } from "../doors/git_remote.ts";
import { UserError } from "../errors.ts";
import { issueBranchName } from "../names/branch_name.ts";
import { parseBranch } from "../names/dev_version.ts";
import type { Facts } from "../plan/facts.ts";
import { oneLine } from "../text/visible.ts";
import { titleOf } from "./look_github.ts";

type Options = {
  readonly title: string | undefined;
  readonly branch: string | undefined;
  readonly issue: number | undefined;
  readonly offline: boolean;
};
/** The name that the branch gets, whether it is checked out already, and where it is pushed to; null where it stays here. */
export type NewBranch = { readonly name: string; readonly isHere: boolean; readonly remote: string | null };

/**
 * The name of a new branch, which nobody has: neither this clone nor its remote, unless that is not to be asked. One that is
 * checked out, and that the remote has nowhere else, is what a run left that was ended before its push.
 */
export async function lookForNewBranch(facts: Facts, options: Options): Promise<NewBranch> {
  const { place, git, env } = facts;
  const name = await wantedName(facts, options);
  const remote = options.offline ? null : remoteOf(git);
  const [here, there] = await Promise.all([
    gitIn(
      place.owner,
      env,
    )(["for-each-ref", "--format=%(refname:lstrip=2)%00%(refname:lstrip=3)", "refs/heads", "refs/remotes"]),
    remote ? headsOf(place.owner, remote.address, env) : new Map<string, string>(),
  ]);
  const isHere = git.branch === name && (there.get(name) ?? git.commit) === git.commit;
  const taken = [...here.split(/[\0\n]/), ...there.keys()].find(
    (one) => one.toLowerCase() === name.toLowerCase() && !(isHere && one === name),
  );
  if (taken === undefined) return { name, isHere, remote: remote?.name ?? null };
  throw new UserError(`the branch ${JSON.stringify(taken)} is there already`, {
    why: "A new branch has a name of its own, here and in the remote; some disks do not tell case apart.",
    fix: `Work on it: git switch ${taken}; or take the next free name: i git_branch_next_name --branch ${taken}`,
    kind: "git",
  });
}

async function wantedName(facts: Facts, { branch, title, issue, offline }: Options): Promise<string> {
  if (branch !== undefined) return branch;
  if (title === undefined && issue === undefined)
    throw new UserError("nothing names the branch", {
      why: "Its name is given, or made from the title of an issue.",
      fix: "Name it: i git_create_branch --title TITLE, --issue N or --branch NAME",
    });
  const words = title ?? (await titleOf(facts, issue ?? 0, { offline }));
  const name = issueBranchName(words, issue ?? null, facts.config.issuePrefix);
  if (/[^\d_]/.test(name)) return parseBranch(name);
  throw new UserError(`no branch can be named after the title ${JSON.stringify(oneLine(words))}`, {
    why: "Letters and digits of the title make the name, and it has no letter.",
    fix: "Name it: i git_create_branch --branch NAME",
  });
}
