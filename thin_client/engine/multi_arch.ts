import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "./command.ts";
import type { Layout } from "./layout.ts";
import { installPackages } from "./packages.ts";

const folder = "/proc/sys/fs/binfmt_misc";
const emulated = "qemu-aarch64";

/** How the kernel knows an arm64 program, and what to start it with; the flag F keeps it working inside containers. */
const rule = [
  "",
  emulated,
  "M",
  "",
  String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`,
  String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`,
  "/usr/bin/qemu-aarch64-static",
  "F",
].join(":");

/** Whether programs of arm64 run here, by nature or by emulation. */
export const runsArm64 = (): boolean => process.arch === "arm64" || existsSync(join(folder, emulated));

const noteOf = (at: Layout): string => join(at.home, "registered_arm64");

/** Lets the kernel run arm64 programs by emulation; notes it, so that `down` takes back what `up` did. */
export async function registerArm64(at: Layout, say: (line: string) => void): Promise<void> {
  if (runsArm64()) return;
  say("registering the emulation of arm64 with the kernel");
  await installPackages(at, ["qemu-user-static"]);
  if (!existsSync(join(folder, "register"))) await must(["mount", "-t", "binfmt_misc", "binfmt_misc", folder]);
  if (runsArm64()) return;
  writeFileSync(join(folder, "register"), rule);
  mkdirSync(at.home, { recursive: true });
  writeFileSync(noteOf(at), "");
}

/** Takes the emulation back if this engine registered it. */
export function unregisterArm64(at: Layout): void {
  if (!existsSync(noteOf(at))) return;
  if (existsSync(join(folder, emulated))) writeFileSync(join(folder, emulated), "-1");
  rmSync(noteOf(at));
}
