import { now } from "../../doors/clock.ts";
import { refused } from "../../doors/refs.ts";
import { loadTree } from "../../doors/tree.ts";
import { UserError } from "../../model/errors.ts";
import { isFrom, type LogEntry, type SignedEntry, sameEntry } from "../../model/log.ts";
import { parseManifest } from "../../model/oci/copy_plan.ts";
import type { LogRef, Place, Record_ } from "../../model/plan.ts";
import { allowedInTree } from "../../model/tests.ts";
import { mostLost, pushWaiting } from "../waiting.ts";
import { digestText, type Outcome, repositoryAt, type World } from "../world.ts";

/** The entry as it will stand in the log, with digests filled in; null while the image is not known. */
async function filled({ entry, index }: Record_, world: World): Promise<LogEntry | null> {
  const key = entry.type === "flip" ? "to" : "digest";
  const value = entry.type === "flip" ? entry.to : entry.digest;
  if (value === null) return entry;
  if (typeof value !== "string" && !world.state.image) return null;
  const digest = digestText(world, value);
  return { ...entry, [key]: digest, ...(index ? { children: await childrenOf(index, digest, world) } : {}) };
}

/** Platform -> digest, from the index that a registry has. */
async function childrenOf(place: Place, digest: string, world: World): Promise<Readonly<Record<string, string>>> {
  const manifest = await (await world.registries()).manifest(repositoryAt(world, place), digest);
  const parts = manifest && parseManifest(new TextDecoder().decode(manifest.bytes));
  if (parts?.type !== "index") return {};
  return Object.fromEntries(parts.children.map((child) => [child.platform ?? "unknown", child.digest]));
}

/** Whether the log as it was last seen holds an equal entry, whoever wrote it, or one waits to be pushed. */
export async function isRecorded(action: Record_, world: World): Promise<boolean> {
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
export async function record(action: Record_, world: World): Promise<Outcome> {
  const entry = await filled(action, world);
  if (!entry) throw new Error("an entry is recorded before its image is known");
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
  const { waiting, stepBegan } = world.state;
  // An equal pass of somebody whose passes do not count is none.
  const again = action.again === true || (entry.type === "pass" && facts.config.release.passesFrom.length > 0);
  waiting.entries.push({ entry: signed, again });
  if (entry.type === "pass") waiting.seconds += (now() - stepBegan) / 1000;
  else waiting.isUrgent = true;
  if (waiting.seconds >= mostLost) await pushWaiting(world);
  return "done";
}

/** Puts the log together again in one move: whoever appends or repairs meanwhile makes this one look again. */
export async function repairLog({ ref, from, parents, entries }: LogRef, world: World): Promise<Outcome> {
  const { user, host } = world.owner;
  const signed = entries.map((entry): SignedEntry => ({ ...entry, at: new Date(now()).toISOString(), by: user, host }));
  const { won, why } = await (await world.refs()).repairLog({ from, parents, entries: signed });
  if (won) return "done";
  throw refused(ref, why, world.facts.git.remote);
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
