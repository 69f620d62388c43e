import { now } from "../doors/clock.ts";
import { refused } from "../doors/refs.ts";
import type { LoggedEntry, SignedEntry } from "../names/log.ts";
import { kind } from "../plan/kind.ts";

/** What the log becomes where it was damaged: commits of these entries on top of all that is left of it, in one move. */
export type RepairLog = {
  readonly kind: "repair_log";
  readonly ref: string;
  /** What the ref was seen to be. */
  readonly from: string | null;
  readonly parents: readonly string[];
  readonly entries: readonly LoggedEntry[];
};

/** Whoever appends or repairs meanwhile makes this one look again. */
export const repairLog = kind<RepairLog>("repair_log", {
  always: true,
  refs: true,
  waits: true,
  lines: ({ ref, from, parents, entries }, { remote }) => {
    const behind = parents.map((parent) => parent.slice(0, 12)).join(" and ") || "nothing";
    const lease = `--force-with-lease=${ref}:${from ?? ""}`;
    return [`git push --porcelain ${lease} ${remote} <${entries.length} commits on ${behind}>:${ref}`];
  },
  run: async ({ ref, from, parents, entries }, world) => {
    const { user, host } = world.owner;
    const at = new Date(now()).toISOString();
    const signed = entries.map((entry): SignedEntry => ({ ...entry, at, by: user, host }));
    const { won, why } = await (await world.refs()).repairLog({ from, parents, entries: signed });
    if (won) return "done";
    throw refused(ref, why, world.facts.git.remote);
  },
});
