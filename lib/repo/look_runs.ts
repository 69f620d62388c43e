import { join } from "node:path";
import { filesIn } from "../doors/files.ts";
import { askGh, type GhPlace } from "../doors/gh.ts";
import { headsOf } from "../doors/git.ts";
import { remoteOf } from "../doors/git_remote.ts";
import { UserError } from "../errors.ts";
import type { GithubRepo } from "../git/github_repo.ts";
import { newestRuns, parseRuns, runFields, type WorkflowRun } from "../git/workflow_runs.ts";
import type { Facts } from "../plan/facts.ts";
import { quote } from "../plan/render_plan.ts";
import { branchOf, githubOf, mainBranch, type Online } from "./look_github.ts";

type Branch = Online & { readonly branch: string | undefined };

/** The newest runs of the main branch and of another one, and those two. */
export type RunsLook = {
  readonly repo: GithubRepo;
  readonly branches: readonly string[];
  readonly runs: readonly WorkflowRun[];
};

/** Asks for the runs of the main branch and of this one, or of the one that was named. */
export async function lookForRuns(facts: Facts, options: Branch): Promise<RunsLook> {
  const place = githubOf(facts, options);
  const main = await mainBranch(place);
  const branches = [...new Set([main, options.branch ?? facts.git.branch ?? main])];
  const runs = await Promise.all(branches.map((branch) => runsOf(place, branch)));
  return { repo: place.repo, branches, runs: newestRuns(runs.flat()) };
}

/** The last hundred runs on a branch. */
export async function runsOf(
  place: GhPlace,
  branch: string,
  more: readonly string[] = [],
): Promise<readonly WorkflowRun[]> {
  const words = ["run", "list", "--branch", branch, "--limit", "100", "--json", runFields, ...more];
  return parseRuns(await askGh(place, words));
}

/** A branch as the remote has it. */
export type Pushed = { readonly repo: GithubRepo; readonly branch: string; readonly commit: string };

/** The commit of a branch in the remote, which is what GitHub runs: of the one that is checked out it has to be this one. */
export async function lookForPushed(facts: Facts, options: Branch): Promise<Pushed> {
  const { git, place, env } = facts;
  const { repo } = githubOf(facts, options);
  const branch = branchOf(facts, options.branch);
  const heads = await headsOf(place.owner, remoteOf(git)?.address ?? null, env);
  const commit = heads.get(branch);
  const isHere = options.branch === undefined || branch === git.branch;
  if (commit !== undefined && (!isHere || commit === git.commit)) return { repo, branch, commit };
  throw new UserError(
    commit === undefined
      ? `the remote has no branch ${JSON.stringify(branch)}`
      : `the remote has ${JSON.stringify(branch)} at ${commit.slice(0, 9)}, and here it is at ${git.commit.slice(0, 9)}`,
    {
      why: "GitHub runs what was pushed.",
      fix: isHere
        ? `Push it: git push --set-upstream ${quote(remoteOf(git)?.name ?? "origin")} ${quote(branch)}`
        : `See what it has: git ls-remote --heads ${quote(remoteOf(git)?.name ?? "origin")}`,
      kind: "git",
    },
  );
}

/** A workflow to start, and its run of this commit that has not ended yet. */
export type Startable = { readonly file: string; readonly going: WorkflowRun | null };
/** What gh_workflow_run starts. */
export type StartLook = Pushed & { readonly workflows: readonly Startable[] };

/** Looks at the branch in the remote, and whether somebody started these workflows of its commit already. */
export async function lookForStart(
  facts: Facts,
  options: Branch & { readonly workflows: readonly string[] },
): Promise<StartLook> {
  const pushed = await lookForPushed(facts, options);
  const place = githubOf(facts, options);
  const workflows = await Promise.all(
    workflowsOf(facts, options.workflows).map(async (file) => {
      const runs = await runsOf(place, pushed.branch, ["--workflow", file]);
      const isGoing = (run: WorkflowRun) =>
        run.event === "workflow_dispatch" && run.commit === pushed.commit && !run.isDone;
      return { file, going: runs.find(isGoing) ?? null };
    }),
  );
  return { ...pushed, workflows };
}

/** The files that were named; else those of the fast and the slow tests that the repo has. */
function workflowsOf({ place }: Facts, named: readonly string[]): readonly string[] {
  const files = filesIn(join(place.owner, ".github/workflows")).filter((file) => /^[\w][\w.-]*\.ya?ml$/.test(file));
  const found = named.length > 0 ? named : files.filter((file) => /^(.*_)?(fast|slow)_tests\.ya?ml$/.test(file));
  if (found.length > 0) return found;
  throw new UserError("no workflow was named", {
    why: "Without a name those of the fast and the slow tests are meant, and .github/workflows has none.",
    fix:
      files.length > 0
        ? `Name one of ${files.sort().join(", ")}: i gh_workflow_run ${files[0]}`
        : "Write them: i init_ci; then push them",
  });
}
