import { join } from "node:path";
import { UserError } from "../errors.ts";
import { gitFailure, serverWords } from "../git/git_failure.ts";
import type { Remote } from "../git/git_remote.ts";
import type { Identity } from "../git/git_settings.ts";
import type { SignedEntry } from "../names/log.ts";
import { now } from "./clock.ts";
import { readText, remove } from "./files.ts";
import type { Git, tryGit } from "./git.ts";

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
  /** Who commits; null where Git is to be asked. */
  readonly identity: Identity | null;
  readonly seen: Seen;
};
type Limits = { readonly input?: string; readonly limit?: number };
/** What a run keeps of what it read; it is trusted until a move of this run shows that others moved since. */
type Seen = {
  /** All of the image's refs as the last look saw them, with what this run moved since. */
  refs?: Record<string, string> | undefined;
  /** The server takes no push of several refs as one. */
  oneByOne?: true;
  identity?: Identity;
  /** The tip of the log that is here already, though this clone does not remember it yet. */
  fetched?: string | undefined;
  /** What this clone remembers as the log's tip. */
  memory?: string | null;
  log?: { readonly object: string | null; readonly entries: readonly SignedEntry[] };
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
  // Only this repo's own list has it.
  if (!remote) seen.memory = kept ?? null;
  seen.refs = refs;
  return refs;
}

/** The same as the last look saw it: who moves one of them finds out whether it still holds. */
export const knownRefs = async (scope: Scope): Promise<Record<string, string>> => scope.seen.refs ?? listRefs(scope);

/** Where clones keep the logs that they saw last. */
export const memories = "refs/slipway-seen";

/**
 * Fetches refs with all that they lead to, without writing one; Git looks whether all of it has come. It refuses as long as
 * the memory of any log is damaged: that log is fetched anew beside them.
 */
export async function fetchRefs(scope: Scope, refs: readonly string[], ...more: readonly string[]): Promise<void> {
  const words = fetchWords;
  const from = scope.remote?.address ?? ".";
  const fetch = (...also: readonly string[]) => scope.git([...words, ...more, ...also, from, ...refs]);
  await fetch().catch(async (error: unknown) => {
    const [ref, prefix, image] = (error instanceof UserError && damagedMemory.exec(error.why)) || [];
    if (!ref) throw error;
    if (forgetBroken(join(scope.gitDir, ref))) return fetch();
    return scope.git([...words, "--refetch", from, ...new Set([...refs, `refs/${prefix}/log/${image}`])]);
  });
}
/** A fetch that writes no ref. */
export const fetchWords = [
  ...["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap="],
  ...["--no-recurse-submodules", "--no-prune"],
];
const damagedMemory = new RegExp(`${memories}/(\\S+)/log/(\\S+)`);

/** A disk that failed leaves a ref without an object's name in it: Git neither reads it nor takes it away. */
function forgetBroken(file: string): boolean {
  const text = readText(file);
  if (text === null || /^[0-9a-f]{40,64}\n$/.test(text)) return false;
  remove(file);
  return true;
}

/** The tree without files, which every Git knows, by the length of a hash (SHA-1, SHA-256). */
const emptyTree: Readonly<Record<number, string>> = {
  40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
};

/** Makes a commit without files, whose message is the text. */
export async function writeCommit(scope: Scope, text: string, parents: readonly string[]): Promise<string> {
  const { git, gitDir, commits, seen } = scope;
  const some = parents[0] ?? Object.values(seen.refs ?? {})[0] ?? "";
  const tree = emptyTree[some.length] ?? (await git(["mktree"], ""));
  seen.identity ??= scope.identity ?? (await askedIdentity(git));
  const time = Math.floor(now() / 1000);
  // What hashes and packs is loaded where something is written.
  const { makeCommit } = await import("./git_objects.ts");
  const commit = makeCommit(gitDir, { tree, parents, ...seen.identity, time, message: text });
  commits.add(commit);
  return commit;
}

/** Who commits, by Git's own word: `Ada <ada@example.com> 1700000000 +0100`. */
async function askedIdentity(git: Git): Promise<Identity> {
  const committer = (await git(["var", "GIT_COMMITTER_IDENT"])).replace(/ \d+ [+-]\d+$/, "");
  return { author: committer, committer };
}

/** `ref` is the one for which it was refused. */
export type Swapped = { readonly won: boolean; readonly why: string; readonly ref?: string };
/** A change of one ref: from what was seen of it (null: it did not exist) to an object (null: it goes). */
export type Move = { readonly ref: string; readonly from: string | null; readonly to: string | null };

/** Moves refs as one, all or none, each only from what was seen of it. */
export async function swapRefs(scope: Scope, moves: readonly Move[]): Promise<Swapped> {
  const { remote, seen } = scope;
  if (remote && seen.oneByOne && moves.length > 1) return oneByOne(scope, moves);
  const swapped = remote ? await push(scope, remote, moves) : await update(scope, moves);
  if (swapped === "not as one") {
    seen.oneByOne = true;
    return oneByOne(scope, moves);
  }
  if (!swapped.won) seen.refs = undefined;
  for (const { ref, to } of swapped.won ? moves : []) note(scope, ref, to);
  return swapped;
}

function note({ seen }: Scope, ref: string, to: string | null): void {
  const { [ref]: _, [`${ref}^{}`]: _peeled, ...others } = seen.refs ?? {};
  if (seen.refs) seen.refs = to === null ? others : { ...others, [ref]: to };
}

/** In the order in which they are given, for a server that cannot do better; what an earlier try moved is moved. */
async function oneByOne(scope: Scope, moves: readonly Move[]): Promise<Swapped> {
  const known = await knownRefs(scope);
  for (const move of moves) {
    if ((known[move.ref] ?? null) === move.to) continue;
    const swapped = await swapRefs(scope, [move]);
    if (!swapped.won) return swapped;
  }
  return { won: true, why: "" };
}

async function update({ attempt }: Scope, moves: readonly Move[]): Promise<Swapped> {
  const lines = moves.map(({ ref, from, to }) => {
    if (to === null) return `delete ${ref} ${from}\n`;
    return from === null ? `create ${ref} ${to}\n` : `update ${ref} ${to} ${from}\n`;
  });
  const { code, stderr } = await attempt(["update-ref", "--stdin"], { input: lines.join("") });
  return { won: code === 0, why: stderr.trim() };
}

async function push(scope: Scope, remote: Remote, moves: readonly Move[]): Promise<Swapped | "not as one"> {
  const leases = moves.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ""}`);
  const specs = moves.map(({ ref, to }) => `${to ?? ""}:${ref}`);
  const asOne = moves.length > 1 ? ["--atomic"] : [];
  const words = [...pushWords, "--no-verify", ...asOne, ...leases, remote.pushTo, ...specs];
  const { stdout, stderr } = await scope.attempt(words);
  if (moves.length > 1 && /does not support --atomic/.test(stderr)) return "not as one";
  const lines = stdout.split("\n");
  const rows = moves.map((move) => ({
    move,
    line: lines.find((text) => text.split("\t")[1]?.endsWith(`:${move.ref}`)),
  }));
  if (rows.some(({ line }) => line === undefined)) {
    // The connection may have ended after the refs were moved.
    const all = await listRefs(scope);
    return { won: moves.every(({ ref, to }) => (all[ref] ?? null) === to), why: stderr.trim() };
  }
  if (rows.every(({ move, line = "" }) => wonBy(line, move))) return { won: true, why: "" };
  const refusals = rows.filter(({ line }) => line?.startsWith("!"));
  // What one of them is refused for is the reason for all.
  const told = refusals.find(({ line = "" }) => !/\batomic\b/.test(line)) ?? refusals[0];
  const said = told?.line?.split("\t")[2] ?? "";
  const why = `${said}\n${stderr}`.trim();
  const ref = told?.move.ref ?? "";
  // Whoever was quicker is no failure, and Git sees it before it asks the server; one that takes no such ref never does.
  if (!said.startsWith("[rejected]") && gitFailure(why, remote.name)) throw refused(ref, why, remote);
  return { won: false, why, ref };
}

/**
 * Porcelain's flag: `*` created, a space or `+` moved, `-` deleted, `=` is what was held already; a plain create-only
 * push is not exclusive, `*` under a lease is.
 */
function wonBy(line: string, { from, to }: Move): boolean {
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
    fix: ref.startsWith("refs/tags/") && notTaken.test(why) ? ownRule : (known?.fix ?? unknownFix(why)),
    kind: "git",
  });
}

/** Why a server takes no tag of a name, in its status for the ref: it is its rule, and no matter of the moment. */
export const notTaken = /declined|prohibited|protected|denied|not (permitted|allowed)/i;
/** What a person can do where a server lets nobody push the tags of releases. */
export const ownRule =
  "Have whoever runs the server let you push the tags of releases, then run the same command again";
const unknownFix = (why: string): string =>
  /cannot lock ref .* exists; cannot create/.test(why)
    ? "A branch has the name of a folder of these refs: rename it on the remote, or set another release.ref_prefix"
    : "Ask for push access, or set release.ref_prefix to refs/heads/slipway where a server allows only heads and tags";
