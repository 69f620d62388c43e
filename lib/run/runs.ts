import { join } from "node:path";
import { now } from "../doors/clock.ts";
import { filesIn, readText, writePrivate } from "../doors/files.ts";
import type { Place } from "../model/facts.ts";
import { kindOf } from "../model/kind.ts";
import type { RunRecord } from "../model/report.ts";
import { comfort } from "./comfort.ts";
import type { StepResult } from "./execute.ts";
import { slipwayFolder, type World } from "./world.ts";

/** How many runs of one release are kept: a release that was stopped and typed again has several. */
const most = 20;
const folderOf = (image: string): readonly string[] => ["runs", image];

/** The runs that released the versions of an image, oldest first, as this clone remembers them; what cannot be read is left out. */
export function readRuns(place: Place, image: string): readonly RunRecord[] {
  const folder = join(place.gitDir, "slipway", ...folderOf(image));
  return filesIn(folder)
    .flatMap((name) => runsIn(join(folder, name)))
    .sort((a, b) => a.started.localeCompare(b.started));
}

function runsIn(file: string): readonly RunRecord[] {
  try {
    const runs: unknown = JSON.parse(readText(file) ?? "[]");
    return Array.isArray(runs) ? runs.filter((run) => Array.isArray(run?.steps)) : [];
  } catch {
    return [];
  }
}

/** Notes when a run of a release starts; gives what is to be called with its steps when it ends. Other runs are not kept. */
export function keepRun(world: World): (results: readonly StepResult[]) => void {
  const actions = world.plan.steps.flatMap((step) => step.do);
  const released = actions.map((action) => kindOf(action).release?.(action)).find((one) => one);
  if (!released) return () => undefined;
  const { image, stage, version } = released;
  const start = now();
  return (results) => {
    const steps = kept(world, results, (now() - start) / 1000);
    const ended = steps.some(({ state }) => state === "failed") ? "stopped" : "done";
    const run = { workflow: world.plan.workflow, stage, version, started: new Date(start).toISOString(), ended, steps };
    comfort(world, () => {
      const file = join(slipwayFolder(world.facts, ...folderOf(image)), `${stage}-${version}.json`);
      writePrivate(file, JSON.stringify([...runsIn(file), run].slice(-most)));
    });
  };
}

/** The steps as they ended; the one that has no result is where the run stopped, and has the time that is left of `took` seconds. */
function kept(world: World, results: readonly StepResult[], took: number): RunRecord["steps"] {
  const rounded = (value: number) => Math.round(value * 100) / 100;
  const steps = results.map(({ id, state, seconds }, at) => ({
    ...{ id, title: world.plan.steps[at]?.title ?? id, state },
    seconds: rounded(seconds),
  }));
  const stopped = world.plan.steps[results.length];
  if (!stopped) return steps;
  const left = results.reduce((sum, { seconds }) => sum - seconds, took);
  return [...steps, { id: stopped.id, title: stopped.title, state: "failed", seconds: rounded(left) }];
}
