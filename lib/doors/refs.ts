import type { Remote } from "../git/git_remote.ts";
import type { Identity } from "../git/git_settings.ts";
import type { Flip } from "../names/flip.ts";
import type { SignedEntry } from "../names/log.ts";
import type { LogSurvey } from "../names/log_repair.ts";
import { type Broken, longestLog, longestMessage, readClaim, readFlip, tooLong } from "../names/ref_message.ts";
import type { Owner, Place } from "../plan/facts.ts";
import { gitIn, tryGit } from "./git.ts";
import { fetchRefs, knownRefs, listRefs, type Move, type Scope, type Swapped, writeCommit } from "./git_refs.ts";
import {
  knownLog,
  type LogRepair,
  lastSeenLog,
  logAt,
  memoryOf,
  repair,
  type SwapOptions,
  survey,
  swapWith,
  type Wanted,
} from "./log_ref.ts";

export { type Move, notTaken, ownRule, pushWords, refused, type Swapped } from "./git_refs.ts";
export type { Wanted } from "./log_ref.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** The refs Slipway keeps in the repo that owns a runnable dir: on its remote, or local ones where it has none. */
export type Refs = {
  /** All of the image's refs in one look: name -> object. */
  readonly list: () => Promise<Readonly<Record<string, string>>>;
  /** The same as the last look saw it, with what was moved here since; asks only where nobody has looked yet. */
  readonly known: () => Promise<Readonly<Record<string, string>>>;
  /**
   * Moves refs as one, each only from what was seen of it, and appends entries to the log with them, on top of whoever came
   * first; all or none of it. `won` is false where somebody else moved one of the refs first.
   */
  readonly swap: (moves: readonly Move[], entries?: readonly Wanted[], more?: SwapOptions) => Promise<Swapped>;
  /** What a ref was seen to hold; null where it was moved or taken back since, and the object with it. */
  readonly readOwner: (ref: string, object: string) => Promise<Owner | Broken | null>;
  readonly readFlip: (ref: string, object: string) => Promise<Flip | Broken | null>;
  /** Makes the object of a claim or a move; `over` is the one that it takes the place of. */
  readonly write: (value: Owner | Flip, over: string | null) => Promise<string>;
  readonly readLog: (object: string | undefined) => Promise<readonly SignedEntry[]>;
  /** The log where it was last seen; asks only where nobody has looked yet, or others moved it on in this clone. */
  readonly knownLog: () => Promise<readonly SignedEntry[]>;
  /** The log that this clone saw last; nobody is asked. */
  readonly lastSeenLog: () => Promise<readonly SignedEntry[]>;
  /** The log as it is, whole or not, with all that this clone remembers of it. */
  readonly survey: (all: Readonly<Record<string, string>>) => Promise<LogSurvey>;
  readonly repairLog: (how: LogRepair) => Promise<Swapped>;
  /** Which of these tags, by their objects, were made by releases of Slipway. */
  readonly releaseTags: (all: Readonly<Record<string, string>>) => Promise<readonly string[]>;
  /** Whether a branch of the remote, as it is now, has a commit; of one that it does not have, any that it was seen to have. */
  readonly isOnBranch: (all: Readonly<Record<string, string>>, branch: string, commit: string) => Promise<boolean>;
  readonly logRef: string;
};

export type Named = {
  readonly image: string;
  /** `release.ref_prefix`, `refs/slipway` by default. */
  readonly prefix: string;
  readonly remote: Remote | null;
  /** The remote that there is is not asked. */
  readonly offline?: boolean;
  /** A branch of the remote that is listed too: `refs/heads/main`. */
  readonly branch?: string | null;
  /** Who commits; without it Git is asked. */
  readonly identity?: Identity | null;
  /** The refs as somebody else listed them just now, who fetched the log too: what the first look gives. */
  readonly listed?: Readonly<Record<string, string>> | null;
};

/** The patterns of an image's refs. */
export const patternsOf = ({
  image,
  prefix,
  branch,
}: Pick<Named, "image" | "prefix" | "branch">): readonly string[] => [
  `${prefix}/log/${image}`,
  `${prefix}/claim/${image}-*`,
  `${prefix}/flip/${image}`,
  `refs/tags/${image}-*`,
  ...(branch ? [branch] : []),
];

/** Opens the refs of an image. */
export function openRefs(place: Place, named: Named, env: Env): Refs {
  const { image, prefix, remote, offline = false, identity = null } = named;
  let { listed = null } = named;
  const git = gitIn(place.owner, env);
  const logRef = `${prefix}/log/${image}`;
  const scope: Scope = {
    ...{ git, image, logRef, folder: place.owner, gitDir: place.gitDir, commits: new Set(), identity, seen: {} },
    attempt: (words, { input, limit } = {}) => tryGit(place.owner, env, words, input, limit),
    remote: offline ? null : remote,
    isOffline: offline,
    patterns: patternsOf(named),
    seenRef: memoryOf(prefix, image),
  };
  const read = async <T>(object: string, ref: string, how: (message: string) => T | Broken) => {
    const message = await messageOf(scope, ref, object);
    return typeof message === "string" ? how(message) : message;
  };
  const list = async () => {
    const all = listed;
    if (all === null) return listRefs(scope);
    listed = null;
    Object.assign(scope.seen, { refs: { ...all }, fetched: all[logRef] });
    return all;
  };
  return {
    list,
    known: () => knownRefs(scope),
    swap: (moves, entries = [], more = {}) => swapWith(scope, moves, { entries, ...more }),
    readOwner: (ref, object) => read(object, ref, readClaim),
    readFlip: (ref, object) => read(object, ref, readFlip),
    write: (value, over) => writeCommit(scope, JSON.stringify(value), over && scope.commits.has(over) ? [over] : []),
    readLog: (object) => logAt(scope, object),
    knownLog: () => knownLog(scope),
    lastSeenLog: () => lastSeenLog(scope),
    survey: (all) => survey(scope, all[logRef] ?? null),
    repairLog: (how) => repair(scope, how),
    releaseTags: (all) => releaseTags(scope, all),
    isOnBranch: (all, branch, commit) => isOnBranch(scope, all[branch], { branch, commit }),
    logRef,
  };
}

/** The message of a commit, or the text of a blob, which claims and moves were before they were commits. */
async function messageOf(scope: Scope, ref: string, object: string): Promise<string | Broken | null> {
  const here = await readObject(scope, object);
  if (here !== null) return here;
  try {
    if (scope.remote) await fetchRefs(scope, [ref]);
  } catch (error) {
    if ((await listRefs(scope))[ref] === object) throw error;
    return null;
  }
  const fetched = await readObject(scope, object);
  if (fetched === null && (await listRefs(scope))[ref] === object)
    return { broken: `names the object ${object}, which is not there` };
  return fetched;
}

/** Null where the repo does not have the object, or not whole. */
async function readObject(scope: Scope, object: string): Promise<string | Broken | null> {
  const limit = 2 * longestMessage;
  const read = await scope.attempt(["cat-file", "--batch"], { input: `${object}\n`, limit });
  if (read.isCut) return { broken: tooLong };
  const [, type] = /^[0-9a-f]+ (\w+) \d+\n/.exec(read.stdout) ?? [];
  if (read.code !== 0 || type === undefined) return null;
  const body = read.stdout.slice(read.stdout.indexOf("\n") + 1);
  if (type === "blob") return body.trimEnd();
  if (type !== "commit") return { broken: `is a ${type}, not a commit` };
  scope.commits.add(object);
  return body.slice(body.indexOf("\n\n") + 2).trimEnd();
}

type OnBranch = { readonly branch: string; readonly commit: string };

async function isOnBranch(scope: Scope, tip: string | undefined, { branch, commit }: OnBranch): Promise<boolean> {
  if (tip === undefined) {
    const seen = ["for-each-ref", "--count=1", "--contains", commit, `refs/remotes/${scope.remote?.name}/`];
    return (await scope.attempt(seen)).stdout !== "";
  }
  if (tip === commit) return true;
  if ((await scope.attempt(["cat-file", "-e", tip])).code !== 0) await fetchRefs(scope, [branch]);
  return (await scope.attempt(["merge-base", "--is-ancestor", commit, tip])).code === 0;
}

/** A release's tag is annotated with its name; a tag of another toolchain says nothing about a log. */
async function releaseTags(scope: Scope, all: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const tags = Object.keys(all).flatMap((ref) => (all[`${ref}^{}`] ? [{ ref, object: all[ref] ?? "" }] : []));
  if (tags.length === 0) return [];
  const input = tags.map(({ object }) => `${object}\n`).join("");
  const look = async () => (await scope.attempt(["cat-file", "--batch-check"], { input })).stdout;
  const names = tags.map(({ ref }) => ref);
  if (scope.remote && / missing$/m.test(await look())) await fetchRefs(scope, names);
  const { stdout } = await scope.attempt(["cat-file", "--batch"], { input, limit: longestLog });
  return tags.flatMap(({ ref }) => {
    const tag = ref.replace("refs/tags/", "");
    return stdout.includes(`\n\nRelease ${tag}\n`) ? [tag] : [];
  });
}
