import { type Main, trackingRef } from "../git/git_main.ts";
import type { Repo } from "../git/git_status.ts";
import { runGit } from "../kinds/run_git.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { oneLine } from "../text/visible.ts";
import { assertNoConflict, fetchMain, fetchRepo, followPointer, nameOf, notMoved } from "./git_moves.ts";

type Seen = {
  readonly repos: readonly Repo[];
  /** Main of each repo that may be merged, null where it has no remote. */
  readonly mains: Readonly<Record<string, Main | null>>;
  readonly offline: boolean;
};

/** The repos whose main is asked for: those with a branch to merge into. */
export const mergeable = (repos: readonly Repo[]): readonly string[] =>
  repos.filter((repo) => notMoved(repo) === null && isOnBranch(repo)).map(({ path }) => path);

const isOnBranch = (repo: Repo): boolean => repo.state === "read" && repo.branch !== null;

/**
 * Merges main into the branch of the super-repo and of each submodule. All is fetched first: where both sides moved a pointer,
 * Git looks for the newer one in the submodule.
 */
export function mergeMain(_facts: Facts, _options: unknown, { repos, mains, offline }: Seen): Step[] {
  assertNoConflict(repos);
  const fetches = repos.flatMap((repo) => {
    if (offline || notMoved(repo) !== null) return [];
    if (!isOnBranch(repo)) return [fetchRepo(repo.path)];
    const main = mains[repo.path];
    return main ? fetchMain(repo.path, main) : [];
  });
  const merges = repos.map((repo, index) => {
    const main = mains[repo.path] ?? null;
    const why = notMoved(repo) ?? (isOnBranch(repo) && main === null ? "it has no remote" : null);
    const action = main ? mergeOf(repo, main) : followPointer(repo, repos);
    return step(`merge_${index}`, titleOf(repo, main), why ? [] : [action], { skip: why });
  });
  const why = offline ? "offline, so it is merged as it was last fetched" : "what the remotes have is here already";
  return [step("fetch", "Fetch main from the remotes", fetches, { skip: fetches.length > 0 ? null : why }), ...merges];
}

/** Main itself is only moved on: what it has beyond its remote is a person's to push or to take back. */
function mergeOf(repo: Repo, main: Main) {
  const isMain = repo.state === "read" && repo.branch === main.branch;
  return runGit({ repo: repo.path, argv: ["merge", isMain ? "--ff-only" : "--no-edit", trackingRef(main)] });
}

function titleOf(repo: Repo, main: Main | null): string {
  const name = nameOf(repo);
  if (main) return oneLine(`Merge ${main.branch} of ${main.remote} into ${name}`);
  return oneLine(isOnBranch(repo) ? `Merge main into ${name}` : `Check out what the super-repo points at in ${name}`);
}
