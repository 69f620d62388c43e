import { branchesOf, gitIn } from "../doors/git.ts";
import { remoteOf } from "../doors/git_remote.ts";
import { capture } from "../doors/shell.ts";
import { issueBranchName } from "../model/branch_name.ts";
import { parseBranch } from "../model/dev_version.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { jsonOf, textAt } from "../model/shape.ts";
import { oneLine } from "../model/visible.ts";

type Options = {
  readonly title: string | undefined;
  readonly branch: string | undefined;
  readonly issue: number | undefined;
  readonly offline: boolean;
};
/** The name that the branch gets, and where it is pushed to; null where it stays here. */
export type NewBranch = { readonly name: string; readonly remote: string | null };

/** The name of a new branch, which nobody has: neither this clone nor its remote, unless that is not to be asked. */
export async function lookForNewBranch({ place, git, env }: Facts, options: Options): Promise<NewBranch> {
  const name = await wantedName(options, place.owner, env);
  const remote = options.offline ? null : remoteOf(git);
  const [here, there] = await Promise.all([
    gitIn(
      place.owner,
      env,
    )(["for-each-ref", "--format=%(refname:lstrip=2)%00%(refname:lstrip=3)", "refs/heads", "refs/remotes"]),
    remote ? branchesOf(place.owner, remote.address, env) : [],
  ]);
  const taken = [...here.split(/[\0\n]/), ...there].find((one) => one.toLowerCase() === name.toLowerCase());
  if (taken === undefined) return { name, remote: remote?.name ?? null };
  throw new UserError(`the branch ${JSON.stringify(taken)} is there already`, {
    why: "A new branch has a name of its own, here and in the remote; some disks do not tell case apart.",
    fix: `Work on it: git switch ${taken}; or take the next free name: i git_branch_next_name --branch ${taken}`,
    kind: "git",
  });
}

async function wantedName({ branch, title, issue }: Options, folder: string, env: Facts["env"]): Promise<string> {
  if (branch !== undefined) return branch;
  if (title === undefined && issue === undefined)
    throw new UserError("nothing names the branch", {
      why: "Its name is given, or made from the title of an issue.",
      fix: "Name it: i git_create_branch --title TITLE, --issue N or --branch NAME",
    });
  const words = title ?? (await titleOf(issue ?? 0, folder, env));
  const name = issueBranchName(words, issue ?? null);
  if (/[^\d_]/.test(name)) return parseBranch(name);
  throw new UserError(`no branch can be named after the title ${JSON.stringify(oneLine(words))}`, {
    why: "Letters and digits of the title make the name, and it has no letter.",
    fix: "Name it: i git_create_branch --branch NAME",
  });
}

/** The title of an issue, as GitHub's own program tells it. */
async function titleOf(issue: number, folder: string, env: Facts["env"]): Promise<string> {
  const words = ["gh", "issue", "view", String(issue), "--json", "title"];
  const { code, stdout, stderr } = await capture(words, { cwd: folder, env });
  const title = code === 0 ? textAt(jsonOf(stdout), "title") : undefined;
  if (title) return title;
  throw new UserError(`gh did not tell the title of issue ${issue}`, {
    why: code === 127 ? "gh was not found." : oneLine(stderr) || "It gave no reason.",
    fix: "Log in: gh auth login; or give the title: i git_create_branch --title TITLE",
  });
}
