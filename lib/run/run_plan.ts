import { join } from "node:path";
import { didYouMean } from "../config/config_reader.ts";
import { now } from "../doors/clock.ts";
import { openConsole } from "../doors/console.ts";
import { interrupted, interruption } from "../doors/interrupt.ts";
import { UserError } from "../errors.ts";
import { shownRemote } from "../git/git_remote.ts";
import type { Facts } from "../plan/facts.ts";
import { kindOf } from "../plan/kind.ts";
import { type Plan, reachesOf, stepsOf, usesRefs } from "../plan/plan.ts";
import { seconds } from "../text/units.ts";
import { sharedClient } from "./client.ts";
import { alwaysRuns, execute, placeOf } from "./execute.ts";
import type { universal, Values } from "./options.ts";
import { sharedRefs } from "./ref_facts.ts";
import { tellResult } from "./result.ts";
import { resultsOf, startState, type Told, thisOwner, type World, withLog } from "./world.ts";

type Run = {
  readonly common: Values<typeof universal>;
  readonly breakLock: boolean;
  /** As JSON the report is printed alone. */
  readonly bareJson: boolean;
  readonly question: string | null;
  /** Another plan follows, which tells the result of both. */
  readonly goesOn?: true;
  /** What a plan before this one told; what this one tells is added. */
  readonly told: Told;
};

/** Runs a plan for a person or a machine: asks, executes, tells the result; gives the exit code. */
export async function runPlan(plan: Plan, facts: Facts, run: Run): Promise<number> {
  assertFrom(plan, run.common.from);
  if (reachesOf(plan).size > 0) await (await import("./consent.ts")).consent(plan, facts);
  const world = openWorld(plan, facts, run);
  try {
    tellRemote(world);
    await ask(world, run);
    const start = now();
    await execute(world, run.common.from);
    tellTime(world, (now() - start) / 1000);
    if (run.goesOn) Object.assign(run.told, { text: world.state.text, data: world.state.data });
    else tellResult(world, { ...run.common, bare: run.bareJson });
    return world.state.exitCode;
  } catch (error) {
    // A step that was interrupted may say what goes on without it.
    const isTold = error instanceof UserError && error.kind === "interrupted";
    throw withSteps(world.signal.aborted && !isTold ? interrupted() : error, world);
  }
}

function openWorld(plan: Plan, facts: Facts, run: Run): World {
  const owner = thisOwner(facts, stepsOf(plan).some(usesRefs) ? facts.git.commit : "", now());
  const { yes, quiet, verbose } = run.common;
  const console = openConsole({ yes, quiet, verbose, env: facts.env });
  const logFile = join(facts.place.gitDir, "slipway", "logs", logName(plan.workflow));
  return {
    plan,
    facts,
    console,
    step: { id: "", began: now(), run: runIn(facts.env, owner.nonce), logFile, tail: [], show: console.raw },
    signal: interruption(),
    owner,
    quiet: run.common.quiet,
    json: run.common.json,
    breakLock: run.breakLock,
    refs: async () => sharedRefs(facts, facts.git, false),
    registries: async () => sharedClient(facts.env),
    state: startState(run.told),
  };
}

/** The name of a run; in a container that another one started it stands behind that one's. */
function runIn(env: Facts["env"], nonce: string): string {
  const outer = env["SLIPWAY_OUTER_RUN"] ?? "";
  return /^[\w./-]{1,400}$/.test(outer) ? `${outer}/${nonce}` : nonce;
}

const logName = (workflow: string): string =>
  `${workflow}.${new Date(now()).toISOString().replaceAll(/[-:]/g, "").slice(0, 15)}.${process.pid}.log`;

/** Who releases or moves a tag sees first where everybody else will see it. */
function tellRemote({ plan, facts, console }: World): void {
  if (!stepsOf(plan).some((step) => step.do.some((action) => kindOf(action).holds))) return;
  const { remote } = facts.git;
  console.progress(
    remote
      ? `claim, log and Git tags are on ${shownRemote(remote)}`
      : "claim, log and Git tags stay in this clone: the repo has no remote",
  );
}

/** How long a run took that took its time; a container that somebody worked in is no such. */
function tellTime({ plan, console }: World, took: number): void {
  if (took < 2 || !stepsOf(plan).some(usesRefs)) return;
  console.progress(console.colour("dim", `${plan.workflow} took ${seconds(took)}`));
}

/** A destructive workflow asks; so does a release whose version nobody typed. */
async function ask(world: World, run: Run): Promise<void> {
  const version =
    world.facts.versionFrom === "changelog" && stepsOf(world.plan).some(usesRefs)
      ? `${world.plan.workflow}: version ${world.facts.version}, the newest entry of changelog.txt?`
      : null;
  const other = version === null ? "" : ", or with another --version";
  for (const question of [run.question, version]) {
    if (question === null) continue;
    const lines = question.split("\n");
    for (const line of lines.slice(0, -1)) world.console.progress(line);
    if (await world.console.confirm(lines.at(-1) ?? "")) continue;
    throw new UserError("not confirmed", {
      why: "Nothing was changed.",
      fix: `Run the same command with --yes${other}`,
      kind: "declined",
    });
  }
}

function assertFrom(plan: Plan, from: string | undefined): void {
  if (!from) return;
  const ids = stepsOf(plan).map(({ id }) => id);
  const at = placeOf(plan.steps, from);
  if (at === null)
    throw new UserError(`"${from}" is not a step of this plan`, {
      why: `Its steps are ${ids.join(", ")}.`,
      fix: didYouMean(from, ids, (id) => `--from ${id}`) ?? "Name one of them",
    });
  const open = stepsOf(plan)
    .slice(0, at)
    .find((step) => step.skip === null && !alwaysRuns(step));
  if (!open) return;
  throw new UserError(`--from ${from} would leave out ${open.id}, which is not done`, {
    why: "A run starts later only where facts show every earlier step done.",
    fix: `Use --from ${open.id}, or no --from: finished steps are found and not done twice`,
  });
}

/** The error of a run with where its output is, and for machines how far it came. */
function withSteps(error: unknown, world: World): unknown {
  if (!(error instanceof UserError)) return error;
  const { message, why, fix, exitCode, kind } = error;
  const hasLog = resultsOf(world).some(({ log }) => log && fix.endsWith(log));
  const advice = { why, fix: hasLog ? fix : withLog(fix, world), exitCode, kind, steps: resultsOf(world) };
  return new UserError(message, advice, { cause: error.cause });
}
