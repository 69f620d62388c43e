import { relative } from "node:path";
import { runGit } from "../kinds/run_git.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import type { NewBranch } from "./look_new_branch.ts";

/** Begins a branch where you stand, and has its remote know it; changes that are not committed come along. */
export function createBranch({ place }: Facts, _options: unknown, { name, isHere, remote }: NewBranch): Step[] {
  const repo = relative(place.root, place.owner) || ".";
  const pushed = runGit({ repo, argv: ["push", "--set-upstream", remote ?? "origin", `refs/heads/${name}`] });
  return [
    step("create", `Create the branch ${name}`, [runGit({ repo, argv: ["switch", "--create", name] })], {
      skip: isHere ? "it is checked out" : null,
    }),
    step("push", `Push the branch ${name}`, remote === null ? [] : [pushed], {
      skip: remote === null ? "the repo has no remote that may be asked" : null,
    }),
  ];
}
