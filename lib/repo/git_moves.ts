import { relative } from "node:path";
import { UserError } from "../errors.ts";
import { type Main, trackingRef } from "../git/git_main.ts";
import { parentOf, type Repo } from "../git/git_status.ts";
import { asPathspec, gitAt, unfinishedMerge } from "../git/git_words.ts";
import { type RunGit, runGit } from "../kinds/run_git.ts";
import { quote } from "../plan/render_plan.ts";
import { oneLine } from "../text/visible.ts";

/** The words before all that a fetch is to bring: what lies in submodules is fetched by itself. */
const fetching = ["fetch", "--no-recurse-submodules"];

/** Fetches what a repo's branch follows; of one without a branch, all that its remote has. */
export const fetchRepo = (repo: string): RunGit => runGit({ repo, argv: fetching });

/** Fetches main, unless this clone has it as the remote has; none where there is nothing to fetch. */
export const fetchMain = (repo: string, main: Main): readonly RunGit[] =>
  main.fetched === main.commit
    ? []
    : [runGit({ repo, argv: [...fetching, main.remote, `+refs/heads/${main.branch}:${trackingRef(main)}`] })];

/** Fetches all branches that the remote of main has. */
export const fetchAll = (repo: string, { remote }: Main): RunGit =>
  runGit({ repo, argv: [...fetching, remote, `+refs/heads/*:refs/remotes/${remote}/*`] });

/** Checks out the commit of a submodule that the repo above points at; what is lacking was fetched before. */
export function followPointer({ path }: Repo, repos: readonly Repo[]): RunGit {
  const above = parentOf(path, repos);
  // What the config says instead of a checkout may be a program.
  const words = ["submodule", "update", "--checkout", "--no-fetch", "--"];
  return runGit({ repo: above, argv: [...words, asPathspec(relative(above, path))] });
}

/** Why a repo cannot be moved to another commit; null where it can. */
export function notMoved(repo: Repo): string | null {
  if (repo.state !== "read") return oneLine(`${repo.state}: ${repo.why}`);
  if (repo.commit === null) return "it has no commit yet";
  if (repo.branch !== null) return null;
  if (repo.path === ".") return "no branch is checked out";
  return repo.commit === repo.wanted ? null : "no branch is checked out, and it is not where the repo above points";
}

/** What a repo is called in a title. */
export const nameOf = ({ path }: Pick<Repo, "path">): string => (path === "." ? "the super-repo" : path);

/** Refuses to go on where files are in conflict. */
export function assertNoConflict(repos: readonly Repo[]): void {
  const repo = repos.find((one) => one.state === "read" && one.conflicts > 0);
  if (repo?.state !== "read") return;
  throw new UserError(`${repo.conflicts} files are in conflict in ${JSON.stringify(repo.path)}`, {
    why: "A merge is not finished there, and Git does not begin another one.",
    fix: unfinishedMerge(gitAt(repo.path).map(quote).join(" ")),
    kind: "git",
  });
}
