import { relative } from "node:path";
import { UserError } from "../errors.ts";
import type { Main } from "../git/git_main.ts";
import { parentOf, type Repo } from "../git/git_status.ts";
import { asPathspec, gitAt } from "../git/git_words.ts";
import { runGit } from "../kinds/run_git.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { oneLine } from "../text/visible.ts";
import { assertNoConflict, fetchMain, nameOf } from "./git_moves.ts";
import type { Roll, RollLook } from "./look_roll.ts";

/** Points the repo above at the newest commit of a submodule's main, in a commit of that alone; what is staged stays so. */
export function rollSubmodules(_facts: Facts, _options: unknown, { repos, rolls }: RollLook): Step[] {
  if (rolls.length === 0) throw noneNamed(repos);
  return rolls.map((roll, index) => {
    const { repo, above, main } = assertRollable(roll, repos);
    const { path, pointer } = roll;
    const name = relative(above.path, path);
    const message = oneLine(`Roll ${name} to ${main.commit.slice(0, 12)}`);
    const isMoved = pointer === main.commit && repo.wanted === main.commit;
    const actions = [
      ...fetchMain(path, main),
      ...(repo.commit === main.commit ? [] : [runGit({ repo: path, argv: ["merge", "--ff-only", main.commit] })]),
      runGit({ repo: above.path, argv: ["commit", "--message", message, "--only", "--", asPathspec(name)] }),
    ];
    const why = isMoved ? oneLine(`${nameOf(above)} points at the newest commit of ${main.branch} already`) : null;
    const title = oneLine(`Point ${nameOf(above)} at the newest commit of ${main.branch} in ${path}`);
    return step(`roll_${index}`, title, why ? [] : actions, { skip: why });
  });
}

type Read = Extract<Repo, { readonly state: "read" }>;

/** Refuses what cannot be moved on without leaving something behind. */
function assertRollable(roll: Roll, repos: readonly Repo[]): { repo: Read; above: Read; main: Main } {
  const { path, main } = roll;
  const repo = repos.find((one) => one.path === path);
  if (repo === undefined || path === ".") throw noSubmodule(path, repos);
  const above = repos.find((one) => one.path === parentOf(path, repos));
  assertNoConflict(above ? [above, repo] : [repo]);
  const [git, outer] = [repo.path, above?.path ?? "."].map((one) => gitAt(one).map(quote).join(" "));
  const inner = quote(relative(above?.path ?? ".", path));
  const refuse = (what: string, why: string, fix: string): never => {
    throw new UserError(`the submodule ${JSON.stringify(path)} ${what}`, { why, fix: oneLine(fix), kind: "git" });
  };
  const onlyOn = "A pointer is only rolled on: what it pointed at stays in what it points at.";
  if (repo.state !== "read")
    return refuse(
      `is ${repo.state}`,
      `There is nothing to move: ${repo.why}.`,
      `${outer} submodule update --init -- ${inner}`,
    );
  if (repo.commit === null) return refuse("has no commit yet", "There is nothing to move on.", `${git} status`);
  if (above?.state !== "read" || above.branch === null)
    return refuse("lies in a repo without a branch", "A commit there would be on no branch.", `${outer} switch BRANCH`);
  if (roll.pointer === null)
    return refuse(
      "is not in the last commit",
      "It has no pointer to move yet.",
      `${outer} add .gitmodules ${inner} && ${outer} commit`,
    );
  if (main === null)
    return refuse("has no remote", "The newest commit of main is the remote's.", `${git} remote add origin ADDRESS`);
  if (repo.branch !== null && repo.branch !== main.branch)
    return refuse(
      `is on the branch ${JSON.stringify(repo.branch)}`,
      `Its ${main.branch} would be checked out, and the branch left.`,
      `${git} switch ${quote(main.branch)}`,
    );
  if (roll.isAhead)
    return refuse(
      `has commits that ${main.branch} of ${main.remote} lacks`,
      onlyOn,
      `Look at them: ${git} log ${main.commit.slice(0, 12)}..HEAD; push them, or check out what is pointed at: ${outer} submodule update --checkout -- ${inner}`,
    );
  if (roll.isBehind)
    return refuse(
      "is not at the commit that is pointed at",
      onlyOn,
      `${outer} submodule update --checkout -- ${inner}`,
    );
  return { repo, above, main };
}

const listed = (repos: readonly Repo[]): string => {
  const paths = repos.filter(({ path }) => path !== ".").map(({ path }) => JSON.stringify(path));
  return paths.length > 0 ? `The submodules are ${paths.join(", ")}.` : "The repo has no submodule.";
};

const noSubmodule = (path: string, repos: readonly Repo[]): UserError =>
  new UserError(`${JSON.stringify(path)} is no submodule`, { why: listed(repos), fix: "List them: i git_status" });

const noneNamed = (repos: readonly Repo[]): UserError =>
  new UserError("no submodule is named", { why: listed(repos), fix: "Name one: i git_roll_submodule PATH" });
