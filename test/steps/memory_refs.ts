import type { Refs } from "../../lib/doors/refs.ts";
import { type SignedEntry, sameEntry } from "../../lib/names/log.ts";
import { readClaim, readFlip } from "../../lib/names/ref_message.ts";

/** The refs of one image in this process: compare-and-swap as Git does it, which test/real shows. */
export type MemoryRefs = Refs & {
  /** The log, oldest first. */
  readonly entries: SignedEntry[];
  /** What each ref was moved to, oldest first; null where it was taken back. */
  readonly moved: readonly (readonly [ref: string, to: unknown])[];
  /** What a ref holds; null where there is none. */
  readonly held: (ref: string) => unknown;
  /** Lets somebody else move a ref. */
  readonly put: (ref: string, to: object | null) => void;
  /** Asked before each swap: what it gives is why Git refuses it. */
  refuse: (ref: string) => string | null | undefined;
};

/** Makes them, empty. */
export function memoryRefs(image: string): MemoryRefs {
  const blobs: string[] = [];
  const refs = new Map<string, string>();
  const entries: SignedEntry[] = [];
  const moved: (readonly [string, unknown])[] = [];
  const logRef = `refs/slipway/log/${image}`;
  const write = (text: string) => `blob-${blobs.push(text) - 1}`;
  const read = (object: string | undefined) => blobs[Number(object?.slice(5))] ?? null;
  const set = (ref: string, to: string | null) => (to === null ? refs.delete(ref) : refs.set(ref, to));
  const readAs = <T>(object: string, how: (text: string) => T) => {
    const text = read(object);
    return text === null ? null : how(text);
  };
  const memory: MemoryRefs = {
    ...{ entries, moved, logRef },
    held: (ref) => JSON.parse(read(refs.get(ref)) ?? "null"),
    put: (ref, to) => void set(ref, to && write(JSON.stringify(to))),
    refuse: () => null,
    list: async () => ({ ...Object.fromEntries(refs), ...(entries.length > 0 ? { [logRef]: "log" } : {}) }),
    known: () => memory.list(),
    swap: async (moves, wanted = []) => {
      const why = moves.map(({ ref }) => memory.refuse(ref)).find(Boolean);
      if (why) return { won: false, why };
      if (moves.some(({ ref, from }) => (refs.get(ref) ?? null) !== from)) return { won: false, why: "stale info" };
      for (const { ref, to } of moves) {
        set(ref, to);
        moved.push([ref, JSON.parse(read(to ?? undefined) ?? "null")]);
      }
      for (const { entry, again } of wanted)
        if (again || !entries.some((one) => sameEntry(one, entry))) entries.push(entry);
      return { won: true, why: "" };
    },
    write: async (value) => write(JSON.stringify(value)),
    readOwner: async (_ref, object) => readAs(object, readClaim),
    readFlip: async (_ref, object) => readAs(object, readFlip),
    isOnBranch: async () => true,
    readLog: async (object) => (object === undefined ? [] : [...entries]),
    knownLog: async () => [...entries],
    lastSeenLog: async () => [...entries],
    // What follows is Git's alone; test/real/ref_damage.test.ts shows it.
    survey: () => Promise.reject(new Error("no log of Git")),
    repairLog: () => Promise.reject(new Error("no log of Git")),
    releaseTags: async () => [],
  };
  return memory;
}
