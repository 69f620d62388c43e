import { UserError } from "../errors.ts";
import { bytes } from "../text/units.ts";

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
