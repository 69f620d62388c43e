import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startBed } from "../parts.ts";
import { folder, printedToday } from "./goldens.ts";
import { makeWorlds } from "./worlds.ts";

/** Writes the goldens anew, on the engine that the tests share. */
async function main(): Promise<void> {
  const bed = await startBed(process.pid);
  Object.assign(process.env, bed.env);
  const worlds = await makeWorlds();
  try {
    const today = await printedToday(worlds);
    rmSync(folder, { recursive: true, force: true });
    for (const [path, text] of today) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    process.stdout.write(`${today.size} goldens in ${folder}\n`);
  } finally {
    await worlds.end();
    await bed.end();
  }
}

await main();
