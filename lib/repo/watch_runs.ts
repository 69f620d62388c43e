import { now, pause } from "../doors/clock.ts";
import { interrupted } from "../doors/interrupt.ts";
import { UserError } from "../errors.ts";
import { unreachable } from "../git/gh_failure.ts";
import { type GithubRepo, repoWord } from "../git/github_repo.ts";
import { hasFailed, newestRuns, renderRuns, type WorkflowRun } from "../git/workflow_runs.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";
import { output, type World } from "../run/world.ts";
import { runsOf } from "./look_runs.ts";

/** Looks at the runs of a commit until all have ended; an exit code of 1 where one is no success. */
export type WatchRuns = {
  readonly kind: "watch_runs";
  readonly repo: GithubRepo;
  readonly branch: string;
  readonly commit: string;
  /** Seconds between two looks. */
  readonly every: number;
};

/** Seconds in which GitHub makes runs of what was pushed or started. */
const patience = 60;

export const watchRuns = kind<WatchRuns>("watch_runs", {
  looks: true,
  lines: ({ repo, branch, every }) => {
    const list = ["gh", "run", "list", "--repo", repoWord(repo), "--branch", branch].map(quote).join(" ");
    return [`watch --interval ${every} ${list}`];
  },
  run: async (action, world) => {
    const runs = await ended(action, world);
    world.state.text.push(renderRuns(runs));
    world.state.data = runs;
    if (runs.some(hasFailed)) world.state.exitCode = 1;
    return "done";
  },
});

async function ended(action: WatchRuns, world: World): Promise<readonly WorkflowRun[]> {
  const [began, states] = [now(), new Map<number, string>()];
  for (;;) {
    const runs = await look(action, world);
    if (world.signal.aborted) throw interrupted();
    for (const { id, workflow, state, url } of runs ?? []) {
      if (states.get(id) === state) continue;
      states.set(id, state);
      output(world, `${workflow}: ${state.replaceAll("_", " ")} ${url}\n`);
    }
    if (runs && runs.length > 0 && runs.every(({ isDone }) => isDone)) return runs;
    if (runs?.length === 0 && now() - began >= patience * 1000) throw noRun(action);
    await pause(action.every * 1000, world.signal);
    if (world.signal.aborted) throw interrupted();
  }
}

/** The runs of the commit; null where GitHub was not reached this once. */
async function look({ repo, branch, commit }: WatchRuns, world: World): Promise<readonly WorkflowRun[] | null> {
  const { env, place } = world.facts;
  try {
    const runs = await runsOf({ repo, folder: place.root, env }, branch);
    return newestRuns(runs.filter((run) => run.commit === commit));
  } catch (error) {
    if (!(error instanceof UserError) || error.kind !== unreachable) throw error;
    output(world, `${error.message}: ${error.why}\n`);
    return null;
  }
}

const noRun = ({ branch, commit }: WatchRuns): UserError =>
  new UserError(`GitHub has no run of ${commit.slice(0, 9)} on ${JSON.stringify(branch)}`, {
    why: `In ${patience} s none was there: no workflow is started by a push to this branch.`,
    fix: "Start one: i gh_workflow_run; or see what ran: i gh_workflow_list",
    exitCode: 1,
    kind: "github",
  });
