import { copyApart, pushBig, runtimes } from "../bed/big_image.ts";
import { startRegistry } from "../bed/registry.ts";

/** Measures a copy of 1 GB, and of layers that move side by side, to two registries under both runtimes, each in a process of its own; prints a line for each. */
export async function copyMemory(megabytes: readonly number[]): Promise<void> {
  const source = await startRegistry();
  const digest = await pushBig(source.address, megabytes);
  for (const { name, command, bar } of runtimes) {
    const targets = await Promise.all([startRegistry(), startRegistry()]);
    const addresses = targets.map((target) => target.address);
    const { peak, milliseconds, outcomes } = await copyApart(command, [digest, source.address, ...addresses]);
    await Promise.all(targets.map((target) => target.stop()));
    const verdict = peak <= bar && outcomes.every((outcome) => outcome === "copied") ? "ok" : "MISSED";
    process.stdout.write(
      `copy ${megabytes.join(" + ")} MB to 2 under ${name}: peak ${peak} KiB of ${bar}, ${milliseconds} ms: ${verdict}\n`,
    );
  }
  await source.stop();
}

if (process.argv[1] === import.meta.filename) {
  await copyMemory([1000]);
  await copyMemory([310, 300, 290, 280]);
}
