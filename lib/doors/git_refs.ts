import { join } from "node:path";
import { UserError } from "../model/errors.ts";
import { gitFailure, serverWords } from "../model/git_failure.ts";
import type { Remote } from "../model/git_remote.ts";
import type { SignedEntry } from "../model/log.ts";
import { readText, remove } from "./files.ts";
import type { Git, tryGit } from "./git.ts";

const none = "0".repeat(40);

/** How the refs of one image are reached. */
export type Scope = {
  readonly git: Git;
  readonly attempt: (words: readonly string[], more?: Limits) => ReturnType<typeof tryGit>;
  /** Null where the refs are this repo's own. */
  readonly remote: Remote | null;
  /** The remote is not asked: the log is what this clone remembers, and nothing else is known. */
  readonly isOffline: boolean;
  readonly image: string;
  /** The repo whose refs these are, or whose remote's, and its common Git dir. */
  readonly folder: string;
  readonly gitDir: string;
  readonly patterns: readonly string[];
  readonly logRef: string;
  /** Where this clone keeps the last log that it saw. */
  readonly seenRef: string;
  /** Objects that are known to be commits: what takes their place is their child, so that a server may forbid all else. */
  readonly commits: Set<string>;
  /** Where the log was last seen, null where there is none, and the last one that was read: a look at a remote costs a second. */
  readonly seen: Seen;
};
type Limits = { readonly input?: string; readonly limit?: number };
/** What a run keeps of what it read. */
type Seen = {
  tip?: string | null | undefined;
  log?: { readonly object: string; readonly entries: readonly SignedEntry[] };
  tree?: string;
};

/** A ref of this repo as a remote lists it: with the commit that an annotated tag names. */
const own = "%(objectname)%09%(refname)%0a%(*objectname)%09%(refname)^{}";

/** All of the image's refs in one look: name -> object. */
export async function listRefs(scope: Scope): Promise<Record<string, string>> {
  const { git, remote, patterns, logRef, seenRef, isOffline, seen } = scope;
  const text = remote
    ? await git(["ls-remote", remote.address, ...patterns])
    : await git(["for-each-ref", `--format=${own}`, ...patterns, seenRef]);
  const rows = text.split("\n").filter((line) => /^[0-9a-f]+\t/.test(line));
  const { [seenRef]: kept, ...refs } = Object.fromEntries(rows.map((line) => line.split("\t").reverse())) as Record<
    string,
    string
  >;
  if (isOffline && kept) refs[logRef] = kept;
  seen.tip = refs[logRef] ?? null;
  return refs;
}

/** Where clones keep the logs that they saw last. */
export const memories = "refs/slipway-seen";

/**
 * Fetches refs with all that they lead to, without writing one; Git looks whether all of it has come. It refuses as long as
 * the memory of any log is damaged: that log is fetched anew beside them.
 */
export async function fetchRefs(scope: Scope, refs: readonly string[], ...more: readonly string[]): Promise<void> {
  const words = [
    ...["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap="],
    ...["--no-recurse-submodules", "--no-prune"],
  ];
  const from = scope.remote?.address ?? ".";
  const fetch = (...also: readonly string[]) => scope.git([...words, ...more, ...also, from, ...refs]);
  await fetch().catch(async (error: unknown) => {
    const [ref, prefix, image] = (error instanceof UserError && damagedMemory.exec(error.why)) || [];
    if (!ref) throw error;
    if (forgetBroken(join(scope.gitDir, ref))) return fetch();
    return scope.git([...words, "--refetch", from, ...new Set([...refs, `refs/${prefix}/log/${image}`])]);
  });
}
const damagedMemory = new RegExp(`${memories}/(\\S+)/log/(\\S+)`);

/** A disk that failed leaves a ref without an object's name in it: Git neither reads it nor takes it away. */
function forgetBroken(file: string): boolean {
  const text = readText(file);
  if (text === null || /^[0-9a-f]{40,64}\n$/.test(text)) return false;
  remove(file);
  return true;
}

/** Makes a commit without files, whose message is the text. */
export async function writeCommit(scope: Scope, text: string, parents: readonly string[]): Promise<string> {
  const { git, seen, commits } = scope;
  seen.tree ??= await git(["mktree"], "");
  const words = parents.flatMap((parent) => ["-p", parent]);
  // The message is UTF-8, whatever the user's own commits are.
  const commit = await git(["-c", "i18n.commitEncoding=UTF-8", "commit-tree", seen.tree, ...words], `${text}\n`);
  commits.add(commit);
  return commit;
}

export type Swapped = { readonly won: boolean; readonly why: string };
type Swap = { readonly from: string | null; readonly to: string | null };

export async function swapRef(scope: Scope, ref: string, { from, to }: Swap): Promise<Swapped> {
  const { attempt, remote } = scope;
  if (!remote) {
    const words = to ? ["update-ref", ref, to, from ?? none] : ["update-ref", "-d", ref, from ?? none];
    const { code, stderr } = await attempt(words);
    return { won: code === 0, why: stderr.trim() };
  }
  const lease = `--force-with-lease=${ref}:${from ?? ""}`;
  const words = [...pushWords, "--no-verify", lease, remote.pushTo, `${to ?? ""}:${ref}`];
  const { stdout, stderr } = await attempt(words);
  const line = stdout.split("\n").find((text) => text.split("\t")[1]?.endsWith(`:${ref}`));
  // The connection may have ended after the ref was moved.
  if (line === undefined) return { won: (await listRefs(scope))[ref] === (to ?? undefined), why: stderr.trim() };
  if (wonBy(line, from, to)) return { won: true, why: "" };
  const why = `${line.split("\t")[2] ?? ""}\n${stderr}`.trim();
  // Whoever was quicker is no failure; a server that takes no such ref takes none the next time either.
  if (gitFailure(why, remote.name)) throw refused(ref, why, remote);
  return { won: false, why };
}

/**
 * Porcelain's flag: `*` created, a space or `+` moved, `-` deleted, `=` is what was held already; a plain create-only
 * push is not exclusive, `*` under a lease is.
 */
function wonBy(line: string, from: string | null, to: string | null): boolean {
  if (from === null) return line.startsWith("*");
  return from === to ? line.startsWith("=") : /^[ +-]\t/.test(line);
}

/** A push of these refs and no others, as they are: whatever a user's own pushes are set to (git-config(1), push.*). */
export const pushWords = [
  ...["-c", "push.pushOption=", "push", "--porcelain"],
  ...["--no-signed", "--no-follow-tags", "--recurse-submodules=no"],
];

/** The error for a ref that the remote does not let us move. */
export function refused(ref: string, why: string, remote: Remote | null): UserError {
  const known = gitFailure(why, remote?.name ?? null);
  const [reason = ""] = (known?.said ?? why).split("\n");
  const rule =
    known?.why ?? "Claims, flips and the log of releases are Git refs, so that every clone sees the same truth.";
  return new UserError(`the ref ${ref} could not be moved on ${remote?.name ?? "this repo"}: ${reason}`, {
    why: [rule, ...serverWords(why)].join(" "),
    fix: known?.fix ?? unknownFix(why),
    kind: "git",
  });
}

const unknownFix = (why: string): string =>
  /cannot lock ref .* exists; cannot create/.test(why)
    ? "A branch has the name of a folder of these refs: rename it on the remote, or set another release.ref_prefix"
    : "Ask for the right to push, or set release.ref_prefix to refs/heads/slipway where a server allows only heads and tags";
