import type { ConfigReader } from "./config_reader.ts";
import { UserError } from "./errors.ts";
import { bytes } from "./units.ts";

/** Cores and bytes of memory. */
export type Room = { readonly cpus: number; readonly memory: number };
/** What each container of test lists may use; null where nothing limits it. */
export type Limits = { readonly cpus: number | null; readonly memory: number | null };

/** What a list takes of an engine's room: a core where its config names none. */
export const roomFor = ({ cpus, memory }: Limits): Room => ({ cpus: cpus ?? 1, memory: memory ?? 0 });

/** Whether something fits where so much is free; sums of tenths are no tenths. */
export const fitsIn = (free: Room, { cpus, memory }: Room): boolean =>
  cpus <= free.cpus + 1e-9 && memory <= free.memory;

/** Refuses what fits nowhere, before it waits for ever. */
export function assertFits(what: string, has: Room, wants: Room): void {
  if (fitsIn(has, wants)) return;
  const [more, there] =
    wants.cpus > has.cpus
      ? [`${wants.cpus} cores`, `${has.cpus}`]
      : [`${bytes(wants.memory)} of memory`, bytes(has.memory)];
  throw new UserError(`${what} wants ${more}, and the engine has ${there}`, {
    why: "It would wait for ever.",
    fix: "Lower tests.cpus or tests.memory in its repo_config.yaml, or use a larger engine: docker context use NAME",
  });
}

const memoryUnits: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
/** What an engine gives at least. */
const leastMemory = 6 * 2 ** 20;

type Written = { readonly cpus?: string | undefined; readonly memory?: string | undefined };

/** `tests.cpus` and `tests.memory` of a dir's config, as Docker writes them: `1.5`, `512m`, `4g`. */
export const parseLimits = (read: ConfigReader, { cpus, memory }: Written): Limits => ({
  cpus: cpus === undefined ? null : parseCpus(read, cpus),
  memory: memory === undefined ? null : parseMemory(read, memory),
});

function parseCpus(read: ConfigReader, text: string): number {
  if (/^\d{1,4}(\.\d{1,2})?$/.test(text) && Number(text) > 0) return Number(text);
  const fix = "Write it like cpus: 2 or cpus: 0.5";
  return read.fail(["tests", "cpus"], `is ${JSON.stringify(text)}, no number of cores`, fix);
}

function parseMemory(read: ConfigReader, text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,15})([bkmg]?)b?$/.exec(text.toLowerCase()) ?? [];
  const size = number === "" ? 0 : Number(number) * (memoryUnits[unit] ?? 0);
  if (size >= leastMemory && Number.isSafeInteger(size)) return size;
  const fix = "Write it like memory: 512m or 4g";
  return read.fail(["tests", "memory"], `is ${JSON.stringify(text)}, no memory of 6 MB or more`, fix);
}
