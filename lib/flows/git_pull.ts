import { relative } from "node:path";
import { runGit } from "../kinds/run_git.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { parentOf, type Repo } from "../model/git_status.ts";
import { type Step, step } from "../model/plan.ts";
import { quote } from "../model/render_plan.ts";
import { oneLine } from "../model/visible.ts";

/** Brings the super-repo and its submodules up to their remotes, each after the one that it lies in; only fast-forwards. */
export function pullRepos(_facts: Facts, _options: unknown, repos: readonly Repo[]): Step[] {
  assertNoConflict(repos);
  return repos.map((repo, index) => {
    const why = notPulled(repo);
    const title = oneLine(`Pull ${repo.path === "." ? "the super-repo" : repo.path}`);
    return step(`pull_${index}`, title, why ? [] : [pullOf(repo, repos)], { skip: why });
  });
}

/** A submodule without a branch follows the pointer of the repo above; a branch follows its remote. */
function pullOf(repo: Repo, repos: readonly Repo[]) {
  if (repo.state === "read" && repo.branch !== null)
    return runGit({ repo: repo.path, argv: ["pull", "--ff-only", "--no-recurse-submodules"] });
  const above = parentOf(repo.path, repos);
  // What the config says instead of a checkout may be a program.
  return runGit({ repo: above, argv: ["submodule", "update", "--checkout", "--", relative(above, repo.path)] });
}

function notPulled(repo: Repo): string | null {
  if (repo.state !== "read") return oneLine(`${repo.state}: ${repo.why}`);
  if (repo.commit === null) return "it has no commit yet";
  if (repo.branch !== null) return repo.upstream === null ? oneLine(`${repo.branch} follows no remote branch`) : null;
  if (repo.path === ".") return "no branch is checked out";
  return repo.commit === repo.wanted ? null : "no branch is checked out, and it is not where the repo above points";
}

/** Refuses to go on where files are in conflict. */
export function assertNoConflict(repos: readonly Repo[]): void {
  const repo = repos.find((one) => one.state === "read" && one.conflicts > 0);
  if (repo?.state !== "read") return;
  const git = repo.path === "." ? "git" : `git -C ${quote(repo.path)}`;
  throw new UserError(`${repo.conflicts} files are in conflict in ${JSON.stringify(repo.path)}`, {
    why: "A merge is not finished there, and Git does not begin another one.",
    fix: `Resolve them, then: ${git} add FILE && ${git} commit; or go back to where you were: ${git} merge --abort`,
    kind: "git",
  });
}
