import { isDeepStrictEqual } from "node:util";
import { UserError } from "../model/errors.ts";
import type { Owner, Place } from "../model/facts.ts";
import { type SignedEntry, sameEntry } from "../model/log.ts";
import { type Git, gitIn, tryGit } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** The refs Slipway keeps in the repo that owns a runnable dir: on its remote, or local ones where it has none. */
export type Refs = {
  /** All of the image's refs in one look: name -> object. */
  readonly list: () => Promise<Readonly<Record<string, string>>>;
  /** Moves a ref from what was seen (null: it did not exist) to an object (null: delete); `won` tells who came first. */
  readonly swap: (ref: string, from: string | null, to: string | null) => Promise<{ won: boolean; why: string }>;
  /** As readBlob. */
  readonly readOwner: (ref: string, object: string) => Promise<Owner | null>;
  readonly writeBlob: (text: string) => Promise<string>;
  /** What a ref was seen to hold; null where it was moved or taken back since, and the object with it. */
  readonly readBlob: (ref: string, object: string) => Promise<string | null>;
  readonly readLog: (object: string | undefined) => Promise<readonly SignedEntry[]>;
  /** Appends an entry on top of whoever came first, unless an equal one is there (`again`: also then); tells whether it did. */
  readonly appendLog: (entry: SignedEntry, again?: boolean) => Promise<boolean>;
  readonly logRef: string;
};

const none = "0".repeat(40);

type Scope = {
  readonly git: Git;
  readonly attempt: (words: readonly string[]) => ReturnType<typeof tryGit>;
  readonly remote: string | null;
  readonly patterns: readonly string[];
  readonly logRef: string;
  /** Where the log was last seen, null where there is none, and the last one that was read: a look at a remote costs a second. */
  readonly seen: {
    tip?: string | null | undefined;
    log?: { readonly object: string; readonly entries: readonly SignedEntry[] };
  };
};

/** Opens the refs of an image. `prefix` is `release.ref_prefix`, `refs/slipway` by default. */
export function openRefs(
  place: Place,
  named: { image: string; prefix: string; remote: string | null },
  env: Env,
): Refs {
  const { image, prefix, remote } = named;
  const git = gitIn(place.owner, env);
  const logRef = `${prefix}/log/${image}`;
  const patterns = [logRef, `${prefix}/claim/${image}-*`, `${prefix}/flip/${image}`, `refs/tags/${image}-*`];
  const scope: Scope = { git, attempt: (words) => tryGit(place.owner, env, words), remote, patterns, logRef, seen: {} };
  const readBlob: Refs["readBlob"] = (ref, object) => blobOf(scope, ref, object);
  return {
    list: () => listRefs(scope),
    swap: (ref, from, to) => swapRef(scope, ref, { from, to }),
    readBlob,
    readOwner: async (ref, object) => JSON.parse((await readBlob(ref, object)) ?? "null") as Owner | null,
    writeBlob: (text) => git(["hash-object", "-w", "--stdin"], text),
    readLog: (object) => logAt(scope, object),
    appendLog: (entry, again = false) => append(scope, entry, again),
    logRef,
  };
}

async function listRefs({ git, remote, patterns, logRef, seen }: Scope): Promise<Record<string, string>> {
  const text = remote
    ? await git(["ls-remote", remote, ...patterns])
    : await git(["for-each-ref", "--format=%(objectname)%09%(refname)", ...patterns]);
  const rows = text.split("\n").filter((line) => line.includes("\t"));
  const refs = Object.fromEntries(rows.map((line) => line.split("\t").reverse())) as Record<string, string>;
  seen.tip = refs[logRef] ?? null;
  return refs;
}

/** Fetches an object that only the remote has, without writing a ref. */
async function have({ git, attempt, remote }: Scope, ref: string, object: string): Promise<void> {
  if ((await attempt(["cat-file", "-e", object])).code === 0 || !remote) return;
  await git(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", remote, ref]);
}

async function blobOf(scope: Scope, ref: string, object: string): Promise<string | null> {
  try {
    await have(scope, ref, object);
    return await scope.git(["cat-file", "blob", object]);
  } catch (error) {
    if ((await listRefs(scope))[ref] === object) throw error;
    return null;
  }
}

type Swap = { readonly from: string | null; readonly to: string | null };

async function swapRef(scope: Scope, ref: string, { from, to }: Swap): Promise<{ won: boolean; why: string }> {
  const { attempt, remote } = scope;
  if (!remote) {
    const words = to ? ["update-ref", ref, to, from ?? none] : ["update-ref", "-d", ref, from ?? none];
    const { code, stderr } = await attempt(words);
    return { won: code === 0, why: stderr.trim() };
  }
  const lease = `--force-with-lease=${ref}:${from ?? ""}`;
  const { stdout, stderr } = await attempt(["push", "--porcelain", lease, remote, `${to ?? ""}:${ref}`]);
  const line = stdout.split("\n").find((text) => text.split("\t")[1]?.endsWith(`:${ref}`));
  // The connection may have ended after the ref was moved.
  if (line === undefined) return { won: (await listRefs(scope))[ref] === (to ?? undefined), why: stderr.trim() };
  return wonBy(line, from, to) ? { won: true, why: "" } : { won: false, why: line.split("\t")[2] ?? stderr.trim() };
}

async function logAt(scope: Scope, object: string | undefined): Promise<readonly SignedEntry[]> {
  const { git, logRef, seen } = scope;
  if (!object) return [];
  if (seen.log?.object === object) return seen.log.entries;
  await have(scope, logRef, object);
  const entries = parseLog(await git(["log", "--reverse", "--format=%B", object]));
  seen.log = { object, entries };
  return entries;
}

async function append(scope: Scope, entry: SignedEntry, again: boolean): Promise<boolean> {
  const { git, logRef, seen } = scope;
  const tree = await git(["mktree"], "");
  let why = "";
  for (let turn = 0; turn < 20; turn += 1) {
    // Where it was seen last will do: what others append meanwhile makes the swap fail.
    const last = (seen.tip === undefined ? (await listRefs(scope))[logRef] : seen.tip) ?? null;
    const log = await logAt(scope, last ?? undefined);
    // The connection of an earlier turn may have ended after the entry was taken.
    if (log.some((one) => isDeepStrictEqual(one, entry))) return true;
    if (!again && log.some((one) => sameEntry(one, entry))) return false;
    const parent = last ? ["-p", last] : [];
    const commit = await git(["commit-tree", tree, ...parent], `${JSON.stringify(entry)}\n`);
    const swapped = await swapRef(scope, logRef, { from: last, to: commit });
    seen.tip = swapped.won ? commit : undefined;
    if (swapped.won) {
      seen.log = { object: commit, entries: [...log, entry] };
      return true;
    }
    why = swapped.why;
  }
  throw refused(logRef, why, scope.remote);
}

/**
 * Porcelain's flag: `*` created, a space or `+` moved, `-` deleted, `=` is what was held already; a plain create-only
 * push is not exclusive, `*` under a lease is.
 */
function wonBy(line: string, from: string | null, to: string | null): boolean {
  if (from === null) return line.startsWith("*");
  return from === to ? line.startsWith("=") : /^[ +-]\t/.test(line);
}

const parseLog = (text: string): SignedEntry[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as SignedEntry);

/** The error for a ref that the remote does not let us move. */
export const refused = (ref: string, why: string, remote: string | null): UserError =>
  new UserError(`the ref ${ref} could not be moved on ${remote ?? "this repo"}: ${why}`, {
    why: "Claims, flips and the log of releases are Git refs, so that every clone sees the same truth.",
    fix: "Ask for the right to push, or set release.ref_prefix to refs/heads/slipway where a server allows only heads and tags",
    kind: "git",
  });
