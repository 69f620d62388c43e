import { join } from "node:path";
import { interrupted } from "../doors/interrupt.ts";
import { slipwayRoot } from "../doors/place.ts";
import { run } from "../doors/shell.ts";
import { UserError } from "../errors.ts";
import { kind } from "../plan/kind.ts";
import { stepsOf } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { reapContainers } from "../run/containers.ts";
import { commandEnv } from "../run/facts.ts";
import { lookForOthers } from "../run/look_for_others.ts";
import { output, ownVariables, type World } from "../run/world.ts";
import { seenVariable } from "../text/seen.ts";
import { jsonOf, valueAt } from "../text/shape.ts";
import { withoutColours } from "../text/visible.ts";

/** Another workflow for another runnable dir, as a person would type it: what it does in its dir is its own plan. */
export type RunWorkflow = {
  readonly kind: "run_workflow";
  readonly workflow: string;
  /** Relative to the outermost Git root. */
  readonly dir: string;
  readonly words: readonly string[];
  /** What it gives as its result is told by a later step. */
  readonly tells?: true;
};

/** Seconds that it has to end its containers: their programs have some, and so has the engine. */
const patience = 60;

export const runWorkflow = kind<RunWorkflow>("run_workflow", {
  lines: ({ workflow, dir, words }) => [["i", workflow, "--dir", dir, ...words].map(quote).join(" ")],
  // One that a killed run left would go on beside this one's.
  reaps: () => true,
  run: async (action, world) => {
    const result = await typeWorkflow(action, world);
    const steps = valueAt(jsonOf(result), "steps");
    const times = (Array.isArray(steps) ? steps : []).map((one) => Number(valueAt(one, "failedRuns") ?? 0));
    const most = Math.max(0, ...times);
    if (most > 0) world.step.failedRuns = most;
    return "done";
  },
});

/** Runs a workflow as a person would type it; its failure is this one's. Gives its result, where that is asked for as JSON. */
export async function typeWorkflow(action: Omit<RunWorkflow, "kind">, world: World): Promise<string> {
  const { workflow, dir, words, tells } = action;
  const { root } = world.facts.place;
  const argv = [join(slipwayRoot, "thin_client/bin/i"), workflow, "--dir", join(root, dir), ...words];
  const onOutput = (text: string) => output(world, text);
  const { signal } = world;
  const env = { ...commandEnv(process.env), ...ownVariables(world), ...(await seenFor(dir, world)) };
  let result = "";
  const onResult = (text: string) => {
    result += text;
  };
  const asJson = tells || words.includes("--json") ? { onResult } : {};
  const code = await run(argv, { cwd: root, env, onOutput, signal, patience, ...asJson });
  if (signal.aborted) throw interrupted();
  if (tells) told.set(world.state, (told.get(world.state) ?? new Map<string, string>()).set(world.step.id, result));
  // One that was killed has left its container, and none beside it looks for that.
  if (code > 128) await reapContainers(world);
  if (code !== 0) throw failed(code, `${workflow} in "${dir}"`, world);
  return result;
}

const told = new WeakMap<World["state"], Map<string, string>>();

/** What the workflow of a step gave as its result; undefined where it did not come to its end. */
export const toldBy = (state: World["state"], step: string): string | undefined => told.get(state)?.get(step);

const seenIn = new WeakMap<World["state"], Promise<ReadonlyMap<string, string>>>();

/** What the workflow of a dir is told of the world, which is looked at for all of them at once. */
async function seenFor(dir: string, { facts, plan, state }: World): Promise<Readonly<Record<string, string>>> {
  const dirs = () =>
    stepsOf(plan).flatMap((step) => (step.skip === null ? step.do.filter(runWorkflow.is).map((one) => one.dir) : []));
  const seen = seenIn.get(state) ?? lookForOthers([...new Set(dirs())], facts);
  seenIn.set(state, seen);
  const own = (await seen).get(dir);
  return own === undefined ? {} : { [seenVariable]: own };
}

/** Its own error, which it printed last; a program that was killed printed none. */
function failed(code: number, what: string, { step }: World): UserError {
  const said = withoutColours(step.tail.join("\n")).split(/^error: /m);
  const [, message, why, fix] = /^(.*)\n {2}why: ([\s\S]*?)\n {2}fix: (.*)/.exec(said.slice(1).at(-1) ?? "") ?? [];
  return new UserError(message ?? `${what} ended with ${code}`, {
    why: why ?? "It gave no reason.",
    fix: fix ?? "See what it printed",
    exitCode: code,
    kind: "workflow",
  });
}
