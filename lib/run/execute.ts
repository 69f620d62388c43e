import { now } from "../doors/clock.ts";
import { interrupted } from "../doors/interrupt.ts";
import { UserError } from "../model/errors.ts";
import type { Action, Step } from "../model/plan.ts";
import { systemRefusal } from "../model/system_errors.ts";
import { seconds } from "../model/units.ts";
import { endLeftClients, reapContainers } from "./containers.ts";
import { releaseClaim } from "./perform/claim.ts";
import { isRecorded } from "./perform/record.ts";
import { perform } from "./perform.ts";
import { capitalised, readTimes, saveTime } from "./progress.ts";
import { keepRun } from "./runs.ts";
import { assertHeld, pushWaiting } from "./waiting.ts";
import type { Outcome, World } from "./world.ts";

export type StepResult = { readonly id: string; readonly state: Outcome | "skipped"; readonly seconds: number };

/** Runs a plan step by step; throws at the first failure. What was started is ended and the claim given back on every way out. */
export async function execute(world: World, from?: string): Promise<StepResult[]> {
  const { steps } = world.plan;
  const first = from ? steps.findIndex(({ id }) => id === from) : 0;
  const results: StepResult[] = [];
  const starts = steps.some((step) => step.do.some(makesContainer));
  if (starts) await endLeftClients(world);
  // One that is left may be made of the image that is to go.
  if (starts || steps.some((step) => step.do.some(removesImage))) await reapContainers(world);
  const keep = keepRun(world);
  let isLeft = steps.some((step) => step.do.some((action) => action.kind !== "command" && makesContainer(action)));
  try {
    for (const [index, step] of steps.entries()) {
      assertGoesOn(world);
      const passed = index < first && !alwaysRuns(step);
      const turn = { world, label: `[${index + 1}/${steps.length}]`, passed };
      results.push(
        await runStep(step, turn).catch((error: unknown) => {
          isLeft = starts;
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
  if (claim) await releaseClaim(world).catch(tell("the claim could not be given back"));
  else await pushWaiting(world).catch(tell("what was done could not be recorded"));
}

function assertGoesOn(world: World): void {
  if (world.signal.aborted) throw interrupted();
  assertHeld(world);
}

const makesContainer = (action: Action): boolean =>
  action.kind === "compare_packages" ||
  action.kind === "package_use" ||
  (action.kind === "command" && action.container === true);

const removesImage = (action: Action): boolean =>
  action.kind === "command" && action.argv.slice(0, 3).join(" ") === "docker image rm";

/** The error of a step with the step's name before its sentence; an interrupt speaks for itself, and anything but a UserError is our bug. */
function atStep(error: unknown, step: Step, world: World): unknown {
  const known = systemRefusal(error) ?? error;
  if (!(known instanceof UserError) || known.kind === "interrupted") return error;
  const { message, why, fix, exitCode, kind } = known;
  const what = `${world.plan.workflow} stopped at step "${step.id}": ${message}`;
  return new UserError(what, { why, fix, exitCode, kind }, { cause: error });
}

/** Preflight, claim and gates always run (design.md, "--from"). */
const alwaysRuns = (step: Step): boolean =>
  step.do.some((action) => action.kind === "check" || action.kind === "git_ref" || action.kind === "record");

type Turn = { readonly world: World; readonly label: string; readonly passed: boolean };

async function runStep(step: Step, { world, label, passed }: Turn): Promise<StepResult> {
  // A report speaks for itself, and who talks to a container wants no word about what was not done.
  const isSilent = step.do.every(({ kind }) => kind === "announce") || (step.skip !== null && isConversation(world));
  const say = (state: string, text: string) =>
    isSilent || world.console.progress(`${world.console.colour("dim", label)} ${text}${state}`);
  const reason = step.skip ?? (passed ? "--from" : null);
  if (reason !== null) {
    say(world.console.colour(reason.startsWith("--") ? "red" : "dim", ` (skipped: ${reason})`), step.title);
    return { id: step.id, state: "skipped", seconds: 0 };
  }
  const record = step.do.find((action) => action.kind === "record");
  if (record && record.entry.type === "pass" && (await isRecorded(record, world))) {
    say(" (already: the log has this pass)", step.title);
    return { id: step.id, state: "already", seconds: 0 };
  }
  const last = readTimes(world)[step.id];
  say(last && last >= 2 ? ` (took ${seconds(last)} last time)` : "", step.title);
  const start = now();
  world.state.stepBegan = start;
  const outcomes: Outcome[] = [];
  for (const action of step.do) {
    assertGoesOn(world);
    if (world.state.waiting.isUrgent && !onlyLooks(action)) await pushWaiting(world);
    outcomes.push(await perform(action, world));
    if (outcomes.includes("open")) break;
  }
  const took = (now() - start) / 1000;
  saveTime(world, step.id, took);
  const state = stateOf(outcomes);
  if (took >= 2) world.console.progress(world.console.colour("dim", `      ${capitalised(state)} in ${seconds(took)}`));
  return { id: step.id, state, seconds: took };
}

/** What others wait for, or must not do again, is pushed before anything else is done. */
const onlyLooks = ({ kind }: Action): boolean => ["verify_digest", "record", "git_ref", "announce"].includes(kind);

const stateOf = (outcomes: readonly Outcome[]): Outcome => {
  if (outcomes.includes("open")) return "open";
  return outcomes.length > 0 && outcomes.every((outcome) => outcome === "already") ? "already" : "done";
};

const isConversation = (world: World): boolean =>
  world.plan.steps.some((step) => step.do.some((action) => action.kind === "command" && action.interactive));
