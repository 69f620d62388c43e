import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "./command.ts";
import type { Layout } from "./layout.ts";
import { installPackages } from "./packages.ts";

const folder = "/proc/sys/fs/binfmt_misc";

/**
 * How the kernel knows the programs of an architecture, and what to start them with: bytes 4 and 18 of an ELF file are its
 * class and its machine (elf.h: EM_AARCH64 is 0xb7, EM_ARM is 0x28); the flag F keeps it working inside containers.
 */
const rule = (name: string, { bits, machine }: { readonly bits: string; readonly machine: string }): string =>
  [
    "",
    name,
    "M",
    "",
    String.raw`\x7fELF\x${bits}\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x${machine}\x00`,
    String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`,
    `/usr/bin/${name}-static`,
    "F",
  ].join(":");

/** What is emulated: arm64 where it is not the machine's own, and 32-bit arm. */
const emulations: Readonly<Record<string, string>> = {
  ...(process.arch === "arm64" ? {} : { "qemu-aarch64": rule("qemu-aarch64", { bits: "02", machine: "b7" }) }),
  "qemu-arm": rule("qemu-arm", { bits: "01", machine: "28" }),
};
const missing = (): string[] => Object.keys(emulations).filter((name) => !existsSync(join(folder, name)));

/** Whether programs of arm64 and 32-bit arm run here, by nature or by emulation. */
export const runsArm = (): boolean => missing().length === 0;

const noteOf = (at: Layout): string => join(at.home, "registered_emulations");

/** Lets the kernel run programs of arm64 and 32-bit arm by emulation; notes it, so that `down` takes back what `up` did. */
export async function registerArm(at: Layout, say: (line: string) => void): Promise<void> {
  if (runsArm()) return;
  say("registering the emulation of arm64 and arm with the kernel");
  await installPackages(at, ["qemu-user-static"]);
  if (!existsSync(join(folder, "register"))) await must(["mount", "-t", "binfmt_misc", "binfmt_misc", folder]);
  const names = missing();
  for (const name of names) writeFileSync(join(folder, "register"), emulations[name] ?? "");
  mkdirSync(at.home, { recursive: true });
  writeFileSync(noteOf(at), names.join("\n"));
}

/** Takes the emulation back if this engine registered it. */
export function unregisterArm(at: Layout): void {
  if (!existsSync(noteOf(at))) return;
  for (const name of readFileSync(noteOf(at), "utf8").split("\n"))
    if (name in emulations && existsSync(join(folder, name))) writeFileSync(join(folder, name), "-1");
  rmSync(noteOf(at));
}
