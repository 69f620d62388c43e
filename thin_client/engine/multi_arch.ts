import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binfmtFolder, emulationsOn } from "../../lib/formats/emulation.ts";
import { must } from "./command.ts";
import type { Layout } from "./layout.ts";
import { installPackages } from "./packages.ts";

const emulations = emulationsOn(process.arch);
const isRegistered = (name: string): boolean => existsSync(join(binfmtFolder, name));

/** Whether programs of arm64 and 32-bit arm run here, natively or by emulation. */
export const runsArm = (): boolean => emulations.every(({ name }) => isRegistered(name));

const noteOf = (at: Layout): string => join(at.home, "registered_emulations");

/** Lets the kernel run programs of arm64 and 32-bit arm by emulation; notes it, so that `down` takes back what `up` did. */
export async function registerArm(at: Layout, say: (line: string) => void): Promise<void> {
  if (runsArm()) return;
  say("registering the emulation of arm64 and arm with the kernel");
  await installPackages(at, ["qemu-user-static"]);
  if (!isRegistered("register")) await must(["mount", "-t", "binfmt_misc", "binfmt_misc", binfmtFolder]);
  const missing = emulations.filter(({ name }) => !isRegistered(name));
  for (const { rule } of missing) writeFileSync(join(binfmtFolder, "register"), rule);
  mkdirSync(at.home, { recursive: true });
  writeFileSync(noteOf(at), missing.map(({ name }) => name).join("\n"));
}

/** Takes the emulation back if this engine registered it. */
export function unregisterArm(at: Layout): void {
  if (!existsSync(noteOf(at))) return;
  const noted = readFileSync(noteOf(at), "utf8").split("\n");
  for (const { name } of emulations)
    if (noted.includes(name) && isRegistered(name)) writeFileSync(join(binfmtFolder, name), "-1");
  rmSync(noteOf(at));
}
