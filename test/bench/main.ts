import { startBed } from "../bed/parts.ts";
import { copyMemory } from "./copy_memory.ts";
import { manyDirs } from "./dirs.ts";
import { longLog } from "./log.ts";
import type { Row } from "./measure.ts";
import { mirrorTime } from "./mirror.ts";
import { quickstart } from "./quickstart.ts";
import { rebuild } from "./rebuild.ts";
import { releaseCost } from "./release.ts";
import { startUp } from "./start_up.ts";
import { swarmTime } from "./swarm.ts";

// Prints the speed table. Ratios are measured side by side in one run; nothing here is a test, so nothing here fails one.
const wanted = process.argv.slice(2);
const print = (rows: readonly Row[]) => {
  for (const { what, seen, bar, ok } of rows)
    process.stdout.write(`${ok ? "ok    " : "MISSED"} ${what.padEnd(48)} ${seen.padEnd(44)} ${bar}\n`);
};
/** What is measured side by side with something else, on the engine and the registries of the bed. */
async function compare(): Promise<void> {
  const bed = await startBed(process.pid);
  Object.assign(process.env, bed.env);
  const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
    start_up: startUp,
    rebuild,
    mirror: mirrorTime,
    release: releaseCost,
    log: longLog,
    dirs: manyDirs,
    swarm: swarmTime,
  };
  for (const [name, part] of Object.entries(parts))
    if (wanted.length === 0 || wanted.includes(name)) print(await part());
  if (wanted.length === 0 || wanted.includes("memory")) await copyMemory([1000]);
  await bed.end();
}

// It starts an engine of its own, takes minutes, and so runs only where it is named.
if (wanted.includes("quickstart")) print(await quickstart());
if (wanted.some((name) => name !== "quickstart") || wanted.length === 0) await compare();
