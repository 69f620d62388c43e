import { join } from "node:path";
import { now } from "../doors/clock.ts";
import { filesIn, readText, writePrivate } from "../doors/files.ts";
import type { RunRecord } from "../names/report.ts";
import type { Place } from "../plan/facts.ts";
import { kindOf } from "../plan/kind.ts";
import { isGroup, type Step, stepsOf } from "../plan/plan.ts";
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

/**
 * Notes when a run of releases starts; gives what is to be called with its steps when it ends. Each release is kept with its own
 * steps: those of its group, where several groups have one. Other runs are not kept.
 */
export function keepRun(world: World): (results: readonly StepResult[], isDone: boolean) => void {
  const inGroups = world.plan.steps.filter(isGroup).flatMap((part) => releasesIn(stepsOf(part)));
  const kept = inGroups.length > 1 ? inGroups : releasesIn(stepsOf(world.plan));
  if (kept.length === 0) return () => undefined;
  const began = now();
  return (results, isDone) => {
    let before = 0;
    for (const release of kept) {
      const rows = release.steps.flatMap(({ id, title }) =>
        results.flatMap((one) => (one.id === id ? [{ ...one, title }] : [])),
      );
      const started = new Date(began + before * 1000).toISOString();
      if (rows.length > 0)
        keep(world, release, { rows, started, isDone: isDone || rows.length === release.steps.length });
      before += rows.reduce((sum, { seconds }) => sum + seconds, 0);
    }
  };
}

type Kept = { readonly image: string; readonly stage: string; readonly version: string };

/** The release that these steps record, with them. */
function releasesIn(steps: readonly Step[]): (Kept & { readonly steps: readonly Step[] })[] {
  const found = steps.flatMap((step) => step.do.flatMap((action) => kindOf(action).release?.(action) ?? []));
  return found.slice(0, 1).map((one) => ({ ...one, steps }));
}

type Ended = {
  readonly rows: readonly (StepResult & { readonly title: string })[];
  readonly started: string;
  readonly isDone: boolean;
};

function keep(world: World, { image, stage, version }: Kept, { rows, started, isDone }: Ended): void {
  const steps = rows.map(({ id, title, state, seconds }) => ({
    ...{ id, title, state: state === "stopped" ? ("failed" as const) : state },
    seconds: Math.round(seconds * 100) / 100,
  }));
  const run = { workflow: world.plan.workflow, stage, version, started, ended: isDone ? "done" : "stopped", steps };
  comfort(world, () => {
    const file = join(slipwayFolder(world.facts, ...folderOf(image)), `${stage}-${version}.json`);
    writePrivate(file, JSON.stringify([...runsIn(file), run].slice(-most)));
  });
}
