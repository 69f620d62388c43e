import { now } from "../doors/clock.ts";
import { interrupted, interruption } from "../doors/interrupt.ts";
import { cores } from "../doors/processes.ts";
import type { Ended, View } from "../doors/progress.ts";
import { UserError } from "../errors.ts";
import { kindOf } from "../plan/kind.ts";
import { type Action, type Group, isGroup, type Step, stepsOf } from "../plan/plan.ts";
import { groupTitle } from "../plan/render_plan.ts";
import { readSeen } from "../text/seen.ts";
import { systemRefusal } from "../text/system_errors.ts";
import { endLeftClients, reapContainers } from "./containers.ts";
import { readTimes, saveTime } from "./progress.ts";
import { doorkeeperOf } from "./room.ts";
import { keepRun } from "./runs.ts";
import { assertHeld, giveClaimBack, pushWaiting } from "./waiting.ts";
import { type Outcome, resultsOf, type StepResult, type World, withLog } from "./world.ts";

/**
 * Runs a plan; throws where a step failed, at once or, in a group that goes on, when the others are done. How each step ended is
 * in the world. What was started is ended and the claim given back on every way out.
 */
export async function execute(world: World, from?: string): Promise<void> {
  const steps = stepsOf(world.plan);
  const actions = steps.flatMap((step) => step.do);
  const reaps = actions.some((action) => kindOf(action).reaps?.(action));
  // Who started this run has done so.
  if (reaps && readSeen(world.facts.env) === null) {
    await endLeftClients(world);
    await reapContainers(world);
  }
  const keep = keepRun(world);
  let isLeft = actions.some((action) => kindOf(action).leaves);
  let isDone = false;
  const places = new Map(steps.map(({ id }, at) => [id, at]));
  try {
    const whole = { steps: world.plan.steps, onFailure: "stop" as const };
    await runGroup(whole, { world, places, first: firstOf(world, from), apart: false, goesOn: false, depth: 0 });
    await pushWaiting(world);
    isDone = true;
  } finally {
    keep(resultsOf(world), isDone);
    isLeft ||= reaps && !isDone;
    // A command that ended took its container along.
    if (isLeft) await reapContainers(world);
    await leave(world);
  }
}

/** The place of the step that `--from` names, or of the first one in the group that it names. */
function firstOf({ plan }: World, from: string | undefined): number {
  const at = from === undefined ? 0 : placeOf(plan.steps, from);
  if (at === null) throw new Error(`--from ${from} is no step`);
  return at;
}

/** How many steps of a plan stand before a step or a group of it; null where it is not there. */
export function placeOf(parts: Group["steps"], id: string): number | null {
  let before = 0;
  for (const part of parts) {
    if (part.id === id) return before;
    const inside = isGroup(part) ? placeOf(part.steps, id) : null;
    if (inside !== null) return before + inside;
    before += isGroup(part) ? stepsOf(part).length : 1;
  }
  return null;
}

/** Pushes what this run did and gives its claim back; a release that did not come to its end pushes no Git tag. */
async function leave(world: World): Promise<void> {
  const { claim, waiting } = world.state;
  waiting.tag = null;
  const tell = (what: string) => (error: unknown) => world.console.progress(`${what}: ${String(error)}`);
  if (claim) await giveClaimBack(world).catch(tell("the claim could not be released"));
  else await pushWaiting(world).catch(tell("what was done could not be recorded"));
}

function assertGoesOn(world: World): void {
  if (world.signal.aborted) throw interrupted();
  assertHeld(world);
}

/** What a step is run with. */
type Turn = {
  readonly world: World;
  /** Step -> its place in the plan. */
  readonly places: ReadonlyMap<string, number>;
  /** The place of the first step that is not left out. */
  readonly first: number;
  /** Others run beside it. */
  readonly apart: boolean;
  /** The steps after it run even if it fails. */
  readonly goesOn: boolean;
  readonly depth: number;
};
type Steps = Pick<Group, "steps" | "atOnce" | "room" | "onFailure" | "toldLater">;

/** Runs the steps of a group, so many at a time; throws its verdict where one failed, unless a later step tells it. */
async function runGroup(group: Steps, turn: Turn): Promise<void> {
  const { steps, onFailure } = group;
  const atOnce = Math.min(steps.length, group.atOnce === "cores" ? cores() : (group.atOnce ?? 1));
  if (atOnce > 1 && stepsOf(group).some(talks)) throw new Error("a person talks to one program at a time");
  const stop = new AbortController();
  const { signal } = turn.world;
  const world = atOnce > 1 ? { ...turn.world, signal: AbortSignal.any([signal, stop.signal]) } : turn.world;
  const inside = { ...turn, world, apart: turn.apart || atOnce > 1, goesOn: turn.goesOn || onFailure === "go_on" };
  const failures: unknown[] = [];
  const left = [...steps];
  const door = doorkeeperOf(group);
  const work = async () => {
    while (left.length > 0 && !stop.signal.aborted) {
      const at = door.first(left.map(({ id }) => id));
      const part = left[at];
      if (!part) {
        await door.change();
        continue;
      }
      left.splice(at, 1);
      door.enter(part.id);
      await runPart(part, inside).catch((error: unknown) => {
        // Who was ended because another failed is no failure of its own.
        if (!stop.signal.aborted || signal.aborted || !isInterrupt(error)) failures.push(error);
        if (onFailure === "stop" || endsAll(error)) stop.abort();
      });
      door.leave(part.id);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length > 0 && (!group.toldLater || failures.some(endsAll))) throw verdict(group, failures);
}

const isInterrupt = (error: unknown): boolean => error instanceof UserError && error.kind === "interrupted";

/** What is no failure of one step alone: Ctrl-C, a claim that somebody else took, a fault of ours. */
const endsAll = (error: unknown): boolean =>
  !(error instanceof UserError) || error.kind === "interrupted" || error.kind === "claimed";

/** The worst of what the steps of a group came to; several that failed are told as one. */
function verdict({ steps, onFailure }: Steps, failures: readonly unknown[]): unknown {
  const all = failures.filter((error) => error instanceof UserError);
  const whole = failures.find(endsAll) ?? failures[0];
  if (onFailure === "stop" || all.length < 2 || endsAll(whole)) return whole;
  return new UserError(`${all.length} of ${stepsOf({ steps }).length} steps failed`, {
    why: all.map(({ message, why }) => `${message}: ${why}`).join("\n"),
    fix: all[0]?.fix ?? "",
    exitCode: Math.max(...all.map(({ exitCode }) => exitCode)),
    kind: "steps",
  });
}

async function runPart(part: Step | Group, turn: Turn): Promise<void> {
  if (!isGroup(part)) return runStep(part, turn);
  turn.world.console.progress(`${"  ".repeat(turn.depth)}${groupTitle(part)}`);
  return runGroup(part, { ...turn, depth: turn.depth + 1 });
}

/** Whether a step runs although `--from` starts later (design.md, "--from"). */
export function alwaysRuns(step: Step): boolean {
  const all = step.do.map((action) => kindOf(action).always);
  return all.includes(true) || (all.length > 0 && all.every((one) => one === "alone"));
}

async function runStep(step: Step, turn: Turn): Promise<void> {
  assertGoesOn(turn.world);
  const { console, state } = turn.world;
  const at = turn.places.get(step.id) ?? 0;
  const label = `${"  ".repeat(turn.depth)}[${at + 1}/${turn.places.size}]`;
  const keep = (result: Omit<StepResult, "id">) => void state.results.set(step.id, { id: step.id, ...result });
  // What is not done and has nothing to do is no report: a person is told why.
  const isSilent = (step.do.length > 0 && isReport(step)) || (step.skip !== null && isConversation(turn.world));
  const without = (why: string, style: "red" | "dim") => {
    if (!isSilent)
      console.progress(`${console.colour("dim", label)} ${step.title}${console.colour(style, ` (${why})`)}`);
  };
  const reason = step.skip ?? (at < turn.first && !alwaysRuns(step) ? "--from" : null);
  if (reason !== null) {
    without(`skipped: ${reason}`, reason.startsWith("--") ? "red" : "dim");
    return keep({ state: "skipped", seconds: 0 });
  }
  const world = worldOf(step, turn);
  const took = () => (now() - world.step.began) / 1000;
  let view: View | undefined;
  const end = (how: Ended["state"]) => view?.end({ state: how, seconds: took(), tail: world.step.tail });
  try {
    if (await isProven(step, world)) {
      without("already: the log has this pass", "dim");
      return keep({ state: "already", seconds: 0 });
    }
    if (!isReport(step)) {
      view = console.begin({
        label,
        title: step.title,
        last: lastTime(step, world),
        apart: turn.apart,
        isAsked: isAsked(step),
      });
      world.step.show = view.output;
    }
    const outcome = await act(step, world);
    saveTime(world, step.id, took());
    end(outcome);
    const { failedRuns } = world.step;
    if (failedRuns) console.progress(console.colour("red", flakyLine(step, failedRuns)));
    keep({ state: outcome, seconds: took(), ...(failedRuns ? { failedRuns } : {}) });
  } catch (error) {
    const known = atStep(error, step, { ...turn, world });
    const how = !isInterrupt(known) ? "failed" : interruption().aborted ? "interrupted" : "stopped";
    end(how);
    keep({ state: how === "failed" ? how : "stopped", seconds: took(), ...failureOf(known, world) });
    throw known;
  }
}

const flakyLine = ({ title }: Step, failed: number): string =>
  `FLAKY: "${title}" passed after it had failed ${failed === 1 ? "once" : `${failed} times`}; no release counts that as a pass, unless release.flaky_passes says so`;

/** A world of its own for a step; its log is its own where others run beside it. */
function worldOf({ id }: Step, { world, apart }: Turn): World {
  const logFile = apart ? world.step.logFile.replace(/(\.log)?$/, `.${id}.log`) : world.step.logFile;
  return { ...world, step: { ...world.step, id, began: now(), run: `${world.step.run}.${id}`, logFile, tail: [] } };
}

/** Does the actions of a step, one after the other but for those that look, until one stays open. */
async function act(step: Step, world: World): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const actions of turnsOf(step.do)) {
    assertGoesOn(world);
    // What others wait for, or must not do again, is pushed before anything else is done.
    if (world.state.waiting.isUrgent && !actions.every((action) => kindOf(action).waits)) await pushWaiting(world);
    const ended = await Promise.allSettled(actions.map((action) => kindOf(action).run(action, world)));
    for (const one of ended) {
      if (one.status === "rejected") throw one.reason;
      if (one.value === "open") return "open";
      outcomes.push(one.value);
    }
  }
  return outcomes.length > 0 && outcomes.every((outcome) => outcome === "already") ? "already" : "done";
}

/** The actions of a step in turns: one each, but those in a row that only look are one, with what they are beside. */
function turnsOf(actions: readonly Action[]): readonly (readonly Action[])[] {
  const turns: Action[][] = [];
  for (const action of actions) {
    const last = turns.at(-1);
    if (kindOf(action).looks && last?.every((one) => kindOf(one).looks || kindOf(one).beside)) last.push(action);
    else turns.push([action]);
  }
  return turns;
}

/**
 * The error of a step with the step's name before its sentence, and the log that is its own; an interrupt speaks for itself, and
 * anything but a UserError is our bug.
 */
function atStep(error: unknown, step: Step, { world, apart, goesOn }: Turn): unknown {
  const known = world.signal.aborted && !isInterrupt(error) ? interrupted() : (systemRefusal(error) ?? error);
  if (!(known instanceof UserError) || known.kind === "interrupted") return known;
  const { message, why, fix, exitCode, kind } = known;
  const { workflow } = world.plan;
  const what = goesOn
    ? `step "${step.id}" of ${workflow} failed: ${message}`
    : `${workflow} stopped at step "${step.id}": ${message}`;
  return new UserError(what, { why, fix: apart ? withLog(fix, world) : fix, exitCode, kind }, { cause: error });
}

function failureOf(error: unknown, { step, state }: World): Pick<StepResult, "error" | "log"> {
  if (!(error instanceof UserError) || error.kind === "interrupted") return {};
  const { message: what, why, fix, kind, exitCode } = error;
  return { error: { kind, what, why, fix, exitCode }, ...(state.logs.has(step.logFile) ? { log: step.logFile } : {}) };
}

async function isProven(step: Step, world: World): Promise<boolean> {
  for (const action of step.do) if (await kindOf(action).isProven?.(action, world)) return true;
  return false;
}

/** Seconds that it took last time, where a person would look at a clock. */
function lastTime(step: Step, world: World): number | null {
  const last = readTimes(world.facts, world.plan.workflow)[step.id] ?? 0;
  return last >= 2 ? last : null;
}

/** A step that only tells speaks for itself. */
const isReport = (step: Step): boolean => step.do.every((action) => kindOf(action).tells);
const isAsked = (step: Step): boolean => step.do.some((action) => kindOf(action).shows?.(action));
const talks = (step: Step): boolean => step.do.some((action) => kindOf(action).talks?.(action));
/** Who talks to a container wants no word about what was not done. */
const isConversation = ({ plan }: World): boolean => stepsOf(plan).some(talks);
