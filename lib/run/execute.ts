import { now } from "../doors/clock.ts";
import { interrupted } from "../doors/interrupt.ts";
import { UserError } from "../model/errors.ts";
import { kindOf } from "../model/kind.ts";
import type { Step } from "../model/plan.ts";
import { systemRefusal } from "../model/system_errors.ts";
import { seconds } from "../model/units.ts";
import { endLeftClients, reapContainers } from "./containers.ts";
import { capitalised, readTimes, saveTime } from "./progress.ts";
import { keepRun } from "./runs.ts";
import { assertHeld, giveClaimBack, pushWaiting } from "./waiting.ts";
import type { Outcome, World } from "./world.ts";

export type StepResult = { readonly id: string; readonly state: Outcome | "skipped"; readonly seconds: number };

/** Runs a plan step by step; throws at the first failure. What was started is ended and the claim given back on every way out. */
export async function execute(world: World, from?: string): Promise<StepResult[]> {
  const { steps } = world.plan;
  const first = from ? steps.findIndex(({ id }) => id === from) : 0;
  const results: StepResult[] = [];
  const actions = steps.flatMap((step) => step.do);
  const reaps = actions.some((action) => kindOf(action).reaps?.(action));
  if (reaps) {
    await endLeftClients(world);
    await reapContainers(world);
  }
  const keep = keepRun(world);
  let isLeft = actions.some((action) => kindOf(action).leaves);
  try {
    for (const [index, step] of steps.entries()) {
      assertGoesOn(world);
      const passed = index < first && !alwaysRuns(step);
      const turn = { world, label: `[${index + 1}/${steps.length}]`, passed };
      results.push(
        await runStep(step, turn).catch((error: unknown) => {
          isLeft = reaps;
          throw atStep(error, step, world);
        }),
      );
    }
    await pushWaiting(world);
    return results;
  } finally {
    keep(results);
    // A command that ended took its container along.
    if (isLeft) await reapContainers(world);
    await leave(world);
  }
}

/** Pushes what this run did and gives its claim back; a release that did not come to its end pushes no Git tag. */
async function leave(world: World): Promise<void> {
  const { claim, waiting } = world.state;
  waiting.tag = null;
  const tell = (what: string) => (error: unknown) => world.console.progress(`${what}: ${String(error)}`);
  if (claim) await giveClaimBack(world).catch(tell("the claim could not be given back"));
  else await pushWaiting(world).catch(tell("what was done could not be recorded"));
}

function assertGoesOn(world: World): void {
  if (world.signal.aborted) throw interrupted();
  assertHeld(world);
}

/** The error of a step with the step's name before its sentence; an interrupt speaks for itself, and anything but a UserError is our bug. */
function atStep(error: unknown, step: Step, world: World): unknown {
  const known = systemRefusal(error) ?? error;
  if (!(known instanceof UserError) || known.kind === "interrupted") return error;
  const { message, why, fix, exitCode, kind } = known;
  const what = `${world.plan.workflow} stopped at step "${step.id}": ${message}`;
  return new UserError(what, { why, fix, exitCode, kind }, { cause: error });
}

/** Whether a step runs although `--from` starts later (design.md, "--from"). */
export function alwaysRuns(step: Step): boolean {
  const all = step.do.map((action) => kindOf(action).always);
  return all.includes(true) || (all.length > 0 && all.every((one) => one === "alone"));
}

type Turn = { readonly world: World; readonly label: string; readonly passed: boolean };

async function runStep(step: Step, { world, label, passed }: Turn): Promise<StepResult> {
  // A report speaks for itself, and who talks to a container wants no word about what was not done.
  const isSilent = step.do.every((action) => kindOf(action).tells) || (step.skip !== null && isConversation(world));
  const say = (state: string, text: string) =>
    isSilent || world.console.progress(`${world.console.colour("dim", label)} ${text}${state}`);
  const reason = step.skip ?? (passed ? "--from" : null);
  if (reason !== null) {
    say(world.console.colour(reason.startsWith("--") ? "red" : "dim", ` (skipped: ${reason})`), step.title);
    return { id: step.id, state: "skipped", seconds: 0 };
  }
  if (await isProven(step, world)) {
    say(" (already: the log has this pass)", step.title);
    return { id: step.id, state: "already", seconds: 0 };
  }
  const last = readTimes(world)[step.id];
  say(last && last >= 2 ? ` (took ${seconds(last)} last time)` : "", step.title);
  const start = now();
  world.state.step = { id: step.id, began: start };
  const outcomes: Outcome[] = [];
  const endGroup = world.console.group(`${label} ${step.title}`);
  try {
    for (const action of step.do) {
      assertGoesOn(world);
      const { run, waits } = kindOf(action);
      // What others wait for, or must not do again, is pushed before anything else is done.
      if (world.state.waiting.isUrgent && !waits) await pushWaiting(world);
      outcomes.push(await run(action, world));
      if (outcomes.includes("open")) break;
    }
  } finally {
    endGroup();
  }
  const took = (now() - start) / 1000;
  saveTime(world, step.id, took);
  const state = stateOf(outcomes);
  if (took >= 2) world.console.progress(world.console.colour("dim", `      ${capitalised(state)} in ${seconds(took)}`));
  return { id: step.id, state, seconds: took };
}

async function isProven(step: Step, world: World): Promise<boolean> {
  for (const action of step.do) if (await kindOf(action).isProven?.(action, world)) return true;
  return false;
}

const stateOf = (outcomes: readonly Outcome[]): Outcome => {
  if (outcomes.includes("open")) return "open";
  return outcomes.length > 0 && outcomes.every((outcome) => outcome === "already") ? "already" : "done";
};

const isConversation = (world: World): boolean =>
  world.plan.steps.some((step) => step.do.some((action) => kindOf(action).talks?.(action)));
