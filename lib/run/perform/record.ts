import { now } from "../../doors/clock.ts";
import { loadCode } from "../../doors/git.ts";
import { UserError } from "../../model/errors.ts";
import { type LogEntry, type SignedEntry, sameEntry } from "../../model/log.ts";
import { parseManifest } from "../../model/oci/copy_plan.ts";
import type { Place, Record_ } from "../../model/plan.ts";
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

/** Whether the log already holds an equal entry, whoever wrote it. */
export async function isRecorded(action: Record_, world: World): Promise<boolean> {
  const entry = action.again ? null : await filled(action, world);
  if (!entry) return false;
  const refs = await world.refs();
  const log = await refs.readLog((await refs.list())[refs.logRef]);
  return log.some((one) => sameEntry(one, entry));
}

/** Appends the entry once, whoever else does at the same time. A pass counts only if the mounted code is still what was tested. */
export async function record(action: Record_, world: World): Promise<Outcome> {
  const entry = await filled(action, world);
  if (!entry) throw new Error("an entry is recorded before its image is known");
  if (entry.type === "pass") await assertUnchanged(world);
  const { user, host } = world.owner;
  const signed: SignedEntry = { ...entry, at: new Date(now()).toISOString(), by: user, host };
  return (await (await world.refs()).appendLog(signed, action.again)) ? "done" : "already";
}

async function assertUnchanged(world: World): Promise<void> {
  const { place, env, git } = world.facts;
  const after = await loadCode(place, env);
  if (after.dirty.length === 0 && after.commit === git.commit && after.tree === git.tree) return;
  throw new UserError(`the code changed while its tests ran: ${after.dirty.slice(0, 3).join(", ") || after.commit}`, {
    why: "A pass is recorded for a commit, so the mounted code must be that commit from start to end.",
    fix: "Commit, discard or ignore the changes, then type the same command again",
  });
}
