import { pointerOf, type Repo, renderRepos } from "../git/git_status.ts";
import { announce } from "../kinds/announce.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { oneLine } from "../text/visible.ts";

/** Where the super-repo and its submodules stand, in one table. */
export function showStatus(_facts: Facts, _options: unknown, repos: readonly Repo[]): Step[] {
  const notes = repos.flatMap((repo) => (repo.state === "read" ? [] : [oneLine(`${repo.path}: ${repo.why}`)]));
  const data = repos.map((repo) => ({ ...repo, pointer: pointerOf(repo) }));
  const text = [renderRepos(repos), ...notes].join("\n");
  return [step("report", "Show the state of each repo", [announce({ text, data })])];
}

/** The next free name of a branch, alone on its line, so that a shell can take it. */
export const showNextName = (_facts: Facts, _options: unknown, name: string): Step[] => [
  step("report", "Show the next free name", [announce({ text: oneLine(name), data: { name } })]),
];
