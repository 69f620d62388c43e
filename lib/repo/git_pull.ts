import type { Repo } from "../git/git_status.ts";
import { runGit } from "../kinds/run_git.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { oneLine } from "../text/visible.ts";
import { assertNoConflict, fetchRepo, followPointer, nameOf, notMoved } from "./git_moves.ts";

/** Brings the super-repo and its submodules up to their remotes, each after the one that it lies in; only fast-forwards. */
export function pullRepos(_facts: Facts, _options: unknown, repos: readonly Repo[]): Step[] {
  assertNoConflict(repos);
  return repos.map((repo, index) => {
    const why = notMoved(repo) ?? followsNothing(repo);
    const actions = [fetchRepo(repo.path), isOnBranch(repo) ? forward(repo.path) : followPointer(repo, repos)];
    return step(`pull_${index}`, oneLine(`Pull ${nameOf(repo)}`), why ? [] : actions, { skip: why });
  });
}

const isOnBranch = (repo: Repo): boolean => repo.state === "read" && repo.branch !== null;

/** What was fetched for the branch that is checked out: in two commands, so that Ctrl-C ends a fetch and no checkout. */
const forward = (repo: string) => runGit({ repo, argv: ["merge", "--ff-only", "@{upstream}"] });

const followsNothing = (repo: Repo): string | null =>
  repo.state === "read" && repo.branch !== null && repo.upstream === null
    ? oneLine(`${repo.branch} follows no remote branch`)
    : null;
