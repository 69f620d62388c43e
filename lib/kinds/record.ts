import { allowedInTree } from "../config/tests.ts";
import { now } from "../doors/clock.ts";
import { loadTree } from "../doors/tree.ts";
import { UserError } from "../errors.ts";
import { isFrom, type LogEntry, type SignedEntry, sameEntry } from "../names/log.ts";
import { repositoryAt } from "../names/names.ts";
import { parseManifest } from "../oci/rules/copy_plan.ts";
import { kind, type Show } from "../plan/kind.ts";
import type { Place, Value } from "../plan/plan.ts";
import { mostLost, pushWaiting } from "../run/waiting.ts";
import { knownValue, type Outcome, type World } from "../run/world.ts";

/** Appends one entry to the image's log ref, once: an equal entry that is there already is the proof that the step is done. */
export type RecordEntry = {
  readonly kind: "record";
  readonly image: string;
  readonly entry: LogEntry;
  /** Run the step although an equal entry exists (`--rerun-tests`). */
  readonly again?: true;
  /** The tests ran on the mounted tree: their pass counts only where that is still what was looked at. */
  readonly onTree?: true;
  /** The released image is an index: which image each platform has is read here and becomes part of the entry. */
  readonly index?: Place;
};

export const record = kind<RecordEntry>("record", {
  always: true,
  refs: true,
  waits: true,
  isProven: async (action, world) => action.entry.type === "pass" && (await isRecorded(action, world)),
  release: ({ image, entry }) =>
    entry.type === "release" && !entry.adopted ? { image, stage: entry.stage, version: entry.version } : null,
  lines: ({ image, entry }, show) => [`# record in the log of ${image}: ${recordText(entry, show)}`],
  run: append,
});

function recordText(entry: object, show: Show): string {
  const inside = (_: string, value: unknown) => (isMade(value) ? show(value) : value);
  return Object.entries(entry)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === "string" ? value : isMade(value) ? show(value) : JSON.stringify(value, inside)}`,
    )
    .join(" ");
}
const isMade = (value: unknown): value is Value => typeof value === "object" && value !== null && "from" in value;

/** The entry as it will stand in the log, with digests filled in; null while the image is not known. */
async function filled({ entry, index }: RecordEntry, world: World): Promise<LogEntry | null> {
  if (entry.type === "tagged" || entry.type === "prune") return entry;
  const key = entry.type === "flip" ? "to" : "digest";
  const value = entry.type === "flip" ? entry.to : entry.digest;
  if (value === null) return entry;
  if (typeof value !== "string" && !world.state.made.has(value.from)) return null;
  const digest = knownValue(world, value);
  const { base } = entry.type === "release" ? entry : {};
  const below = base ? { base: { ...base, digest: knownValue(world, base.digest) } } : {};
  return { ...entry, ...below, [key]: digest, ...(index ? { children: await childrenOf(index, digest, world) } : {}) };
}

/** Platform -> digest, from the index that a registry has. */
async function childrenOf(place: Place, digest: string, world: World): Promise<Readonly<Record<string, string>>> {
  const manifest = await (await world.registries()).manifest(repositoryAt(world.facts, place), digest);
  const parts = manifest && parseManifest(new TextDecoder().decode(manifest.bytes));
  if (parts?.type !== "index") return {};
  return Object.fromEntries(parts.children.map((child) => [child.platform ?? "unknown", child.digest]));
}

/** Whether the log as it was last seen holds an equal entry, whoever wrote it, or one waits to be pushed. */
export async function isRecorded(action: RecordEntry, world: World): Promise<boolean> {
  const entry = action.again ? null : await filled(action, world);
  return entry !== null && (await isThere(entry, world));
}

async function isThere(entry: LogEntry, world: World): Promise<boolean> {
  const log = await (await world.refs()).knownLog();
  const waiting = world.state.waiting.entries.map((one) => one.entry);
  return holds([...log, ...waiting], entry, world);
}

/** A pass of somebody whose passes do not count is none. */
const holds = (log: readonly SignedEntry[], entry: LogEntry, { facts }: World): boolean =>
  log.some((one) => sameEntry(one, entry) && (one.type !== "pass" || isFrom(one, facts.config.release.passesFrom)));

/**
 * Has the entry appended once, whoever else does at the same time, by the next push. A pass waits for it as long as its tests
 * are soon run again. One of the mounted tree counts only where nobody wrote to it.
 */
export async function append(action: RecordEntry, world: World): Promise<Outcome> {
  const known = await filled(action, world);
  if (!known) throw new Error("an entry is recorded before its image is known");
  const failed = world.step.failedRuns ?? 0;
  const entry: LogEntry = known.type === "pass" && failed > 0 ? { ...known, type: "flaky", failed } : known;
  if (action.onTree) await assertUnchanged(world);
  const { facts, owner } = world;
  const { user, host, run } = owner;
  const signed: SignedEntry = {
    ...entry,
    at: new Date(now()).toISOString(),
    by: user,
    host,
    ...(run ? { ci: run } : {}),
  };
  if (!action.again && (await isThere(entry, world))) return "already";
  const { step } = world;
  const { waiting } = world.state;
  // An equal pass of somebody whose passes do not count is none.
  const again = action.again === true || (entry.type === "pass" && facts.config.release.passesFrom.length > 0);
  waiting.entries.push({ entry: signed, again });
  if (known.type === "pass") waiting.seconds += (now() - step.began) / 1000;
  else waiting.isUrgent = true;
  if (waiting.seconds >= mostLost) await pushWaiting(world);
  return "done";
}

async function assertUnchanged({ facts }: World): Promise<void> {
  const { place, env, git, tree } = facts;
  const after = await loadTree(place.root, { commit: git.code, allowed: allowedInTree(facts) }, env);
  if (after.differs.length === 0 && after.stamp === tree.stamp) return;
  throw new UserError(
    `the code changed while its tests ran${after.differs.length > 0 ? `: ${after.differs.join(", ")}` : ", and was put back"}`,
    {
      why: "A pass is recorded for a commit, so the mounted code must be that commit from start to end.",
      fix: "Leave the tree alone while the tests run; or run them on a snapshot of the commit, as a release does: add --snapshot",
    },
  );
}
