/** Where the kernel is told how to start programs of other machines (kernel.org, "binfmt_misc"). */
export const binfmtFolder = "/proc/sys/fs/binfmt_misc";

/** One emulation: its name in the kernel, what is registered for it, and the platform that it gives. */
export type Emulation = {
  readonly name: string;
  readonly rule: string;
  readonly platform: string;
};

/** `partly`: registered without the flag F, so that no container has it, or turned off. */
export type EmulationState = "absent" | "partly" | "whole";

/**
 * How the kernel knows the programs of an architecture, and what to start them with: bytes 4 and 18 of an ELF file are its
 * class and its machine (elf.h: EM_AARCH64 is 0xb7, EM_ARM is 0x28); the flag F keeps it working inside containers.
 */
function emulation(
  name: string,
  { bits, machine, platform }: Record<"bits" | "machine" | "platform", string>,
): Emulation {
  const magic = String.raw`\x7fELF\x${bits}\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x${machine}\x00`;
  const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;
  return { name, rule: ["", name, "M", "", magic, mask, `/usr/bin/${name}-static`, "F"].join(":"), platform };
}

/** What is emulated on a machine of this architecture, as Node names it: arm64 where it is not its own, and 32-bit arm. */
export const emulationsOn = (architecture: string): readonly Emulation[] => [
  ...(architecture === "arm64"
    ? []
    : [emulation("qemu-aarch64", { bits: "02", machine: "b7", platform: "linux/arm64" })]),
  emulation("qemu-arm", { bits: "01", machine: "28", platform: "linux/arm/v7" }),
];

/** How an entry of the kernel's folder says that it is registered; null where there is none. */
export function emulationState(entry: string | null): EmulationState {
  if (entry === null) return "absent";
  return /^enabled$/m.test(entry) && /^flags: \w*F/m.test(entry) ? "whole" : "partly";
}
