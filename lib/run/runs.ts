import { join } from "node:path";
import { now } from "../doors/clock.ts";
import { filesIn, readText, writePrivate } from "../doors/files.ts";
import type { Place } from "../model/facts.ts";
import { kindOf } from "../model/kind.ts";
import { stepsOf } from "../model/plan.ts";
import type { RunRecord } from "../model/report.ts";
import { comfort } from "./comfort.ts";
import { type StepResult, slipwayFolder, type World } from "./world.ts";

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
export function keepRun(world: World): (results: readonly StepResult[], isDone: boolean) => void {
  const steps = stepsOf(world.plan);
  const released = steps
    .flatMap((step) => step.do.map((action) => kindOf(action).release?.(action)))
    .find((one) => one);
  if (!released) return () => undefined;
  const { image, stage, version } = released;
  const started = new Date(now()).toISOString();
  const titles = new Map(steps.map(({ id, title }) => [id, title]));
  return (results, isDone) => {
    const ended = isDone ? "done" : "stopped";
    const rows = results.map(({ id, state, seconds }) => ({
      ...{ id, title: titles.get(id) ?? id, state: state === "stopped" ? ("failed" as const) : state },
      seconds: Math.round(seconds * 100) / 100,
    }));
    const run = { workflow: world.plan.workflow, stage, version, started, ended, steps: rows };
    comfort(world, () => {
      const file = join(slipwayFolder(world.facts, ...folderOf(image)), `${stage}-${version}.json`);
      writePrivate(file, JSON.stringify([...runsIn(file), run].slice(-most)));
    });
  };
}
