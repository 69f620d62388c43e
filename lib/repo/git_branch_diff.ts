import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { oneLine, visible } from "../text/visible.ts";
import type { RepoDiff } from "./look_branch_diff.ts";

/** Shows what the branch changed since it left main: a line for each file, or the changes themselves. */
export function showBranchDiff(
  _facts: Facts,
  options: { readonly patch: boolean },
  repos: readonly RepoDiff[],
): Step[] {
  const outer = repos.find(({ path }) => path === ".");
  if (outer?.why)
    throw new UserError(`nothing can be compared: ${outer.why}`, {
      why: "What a branch changed is counted from the commit at which it left main.",
      fix: "Fetch it: git fetch origin main; of a shallow clone: git fetch --unshallow",
      kind: "git",
    });
  const parts = repos.flatMap((repo) => {
    if (repo.why !== null) return [oneLine(`# ${repo.path}: ${repo.why}`)];
    if (options.patch) return repo.patch ? [visible(repo.patch)] : [];
    return repo.changes.map(({ status, path, isPointer }) =>
      oneLine(`${status}  ${below(repo.path, path)}${isPointer ? " (pointer)" : ""}`, Number.POSITIVE_INFINITY),
    );
  });
  const data = repos.map((repo) => (repo.why === null ? { ...repo, patch: repo.patch ?? undefined } : repo));
  return [step("report", "Show what the branch changed", [announce({ text: parts.join("\n"), data })])];
}

const below = (repo: string, path: string): string => (repo === "." ? path : `${repo}/${path}`);
