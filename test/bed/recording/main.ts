import { writeFileSync } from "node:fs";
import { startBed } from "../parts.ts";
import { picture, pictureTitle, recordRelease } from "./release.ts";
import { toSvg } from "./svg.ts";

/** Records the release that README.md shows, on an engine of its own. */
async function main(): Promise<void> {
  const bed = await startBed(process.pid);
  Object.assign(process.env, bed.env);
  try {
    const recording = await recordRelease();
    writeFileSync(picture, toSvg(recording, pictureTitle));
    process.stdout.write(`${recording.ends.join("\n")}\n${recording.shots.length} looks in ${picture}\n`);
  } finally {
    await bed.end();
  }
}

await main();
