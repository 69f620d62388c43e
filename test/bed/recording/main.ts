import { writeFileSync } from "node:fs";
import { startBed } from "../parts.ts";
import { pictures, recordPictures } from "./pictures.ts";
import { toSvg } from "./svg.ts";

/** Records the pictures of docs/, on an engine of its own. */
async function main(): Promise<void> {
  const bed = await startBed(process.pid);
  Object.assign(process.env, bed.env);
  try {
    for (const [index, recording] of (await recordPictures()).entries()) {
      const { file = "", title = "" } = pictures[index] ?? {};
      writeFileSync(file, toSvg(recording, title));
      process.stdout.write(`${recording.ends.join("\n")}\n${recording.shots.length} looks in ${file}\n`);
    }
  } finally {
    await bed.end();
  }
}

await main();
