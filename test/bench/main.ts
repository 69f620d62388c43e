import { startBed } from "../bed/parts.ts";
import { copyMemory } from "./copy_memory.ts";
import { longLog } from "./log.ts";
import type { Row } from "./measure.ts";
import { mirrorTime } from "./mirror.ts";
import { rebuild } from "./rebuild.ts";
import { releaseCost } from "./release.ts";
import { startUp } from "./start_up.ts";

// Prints the speed table. Ratios are measured side by side in one run; nothing here is a test, so nothing here fails one.
const bed = await startBed(process.pid);
Object.assign(process.env, bed.env);
const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  start_up: startUp,
  rebuild,
  mirror: mirrorTime,
  release: releaseCost,
  log: longLog,
};
const wanted = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const { what, seen, bar, ok } of await part())
    process.stdout.write(`${ok ? "ok    " : "MISSED"} ${what.padEnd(48)} ${seen.padEnd(44)} ${bar}\n`);
}
if (wanted.length === 0 || wanted.includes("memory")) await copyMemory([1000]);
await bed.end();
