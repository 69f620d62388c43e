import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { UserError } from "../errors.ts";
import { type SignedEntry, sameEntry } from "../names/log.ts";
import { damaged, faultOf, type LogLook, type LogSurvey } from "../names/log_repair.ts";
import { type LogCommit, longestLog, longestMessage, readEntry, readLog } from "../names/ref_message.ts";
import { exists, rename } from "./files.ts";
import {
  fetchRefs,
  knownRefs,
  listRefs,
  type Move,
  memories,
  refused,
  type Scope,
  type Swapped,
  swapRefs,
  writeCommit,
} from "./git_refs.ts";

/** The ref under which a clone keeps the last log that it saw: one for each prefix, for each is a log of its own. */
export const memoryOf = (prefix: string, image: string): string =>
  `${memories}/${prefix.replace(/^refs\//, "")}/log/${image}`;

/** The entries of a log that is whole; throws on one that is not, or that this clone saw otherwise. */
export async function logAt(scope: Scope, object: string | undefined): Promise<readonly SignedEntry[]> {
  const { seen } = scope;
  if (seen.log && seen.log.object === (object ?? null)) return seen.log.entries;
  if (object && seen.log?.object) {
    const { object: known, entries } = seen.log;
    // Whatever is wrong, the whole log tells it.
    const grown = await newerEntries(scope, known, object).catch(() => null);
    if (grown) {
      await remember(scope, object);
      const isNew = (entry: SignedEntry) => !entries.some((one) => isDeepStrictEqual(one, entry));
      seen.log = { object, entries: [...entries, ...grown.filter(isNew)] };
      return seen.log.entries;
    }
  }
  const looked = await look(scope, object ?? null);
  const { entries, broken } = readLog(looked.messages);
  const fault = faultOf(looked, { broken });
  if (fault !== null) throw damaged(fault);
  if (object && looked.seen !== object) await remember(scope, object);
  seen.log = { object: object ?? null, entries: object ? entries : [] };
  return seen.log.entries;
}

/** The entries of the log where it was last seen; where that is no whole log any more, because others moved it on since, where it is now. */
export async function knownLog(scope: Scope): Promise<readonly SignedEntry[]> {
  const { logRef, seen } = scope;
  if (seen.refs) {
    const known = await logAt(scope, seen.refs[logRef]).catch(() => null);
    if (known) return known;
  }
  return logAt(scope, (await listRefs(scope))[logRef]);
}

/** The log that this clone saw last, without a look at the remote; none where it saw none, or can no longer read it. */
export async function lastSeenLog(scope: Scope): Promise<readonly SignedEntry[]> {
  const { messages, code } = await messagesOf(scope, [...inOrder, scope.seenRef, "--"]);
  return code === 0 ? readLog(messages).entries : [];
}

/** Keeps what was seen. It is this clone's alone: where it cannot be written, the next run looks again. */
async function remember({ attempt, seenRef, isOffline, seen }: Scope, object: string): Promise<void> {
  if (isOffline || seen.memory === object) return;
  await attempt(["update-ref", seenRef, object]);
  seen.memory = object;
}

/** What others put on a log since this run read it; null where the new one lacks anything that was read, or is not whole. */
async function newerEntries(scope: Scope, known: string, tip: string): Promise<readonly SignedEntry[] | null> {
  if (scope.remote) await fetchRefs(scope, [scope.logRef]);
  const lost = await scope.attempt(["rev-list", "--max-count=1", known, scope.seenRef, `^${tip}`, "--"]);
  if (lost.code !== 0 || lost.stdout !== "") return null;
  const read = await messagesOf(scope, [...inOrder, `${known}..${tip}`, "--"]);
  const { entries, broken } = readLog(read.messages);
  return read.code === 0 && broken.length === 0 ? entries : null;
}

type Looked = LogLook & { readonly messages: readonly LogCommit[] };

async function look(scope: Scope, tip: string | null): Promise<Looked> {
  const { remote, logRef, seenRef, attempt } = scope;
  const asked = async () => (await attempt(["rev-parse", "--verify", "--quiet", seenRef])).stdout.trim() || null;
  const seen = remote || scope.seen.memory === undefined ? await asked() : scope.seen.memory;
  scope.seen.memory = seen;
  const known = { ref: logRef, where: remote?.name ?? "this repo", tip, seen };
  if (tip === null) return { ...known, commits: [], messages: [], instead: "" };
  if (tip !== seen && tip !== scope.seen.fetched && remote)
    await fetchRefs(scope, [logRef]).catch((error) => refetch(scope, String(error.why), error));
  let read = await commitsOf(scope, tip);
  // A fetch was cut off, or a disk failed: the remote has what is lacking here.
  for (let said = ""; read.damage !== said && remote; read = await commitsOf(scope, tip)) {
    said = read.damage;
    await refetch(scope, said);
  }
  const { messages, instead } = read;
  const isCommit = messages.at(-1)?.hash === tip;
  return { ...known, messages, commits: isCommit ? messages.map(({ hash }) => hash) : null, instead };
}

type Commits = {
  readonly messages: readonly LogCommit[];
  readonly instead: string;
  /** What Git says of objects that are not there, or not whole; empty where all are. */
  readonly damage: string;
};

const inOrder = ["--reverse", "--date-order"];

/** The commits behind an object, oldest first, its own the last; none where it is nothing that leads to one. */
async function commitsOf(scope: Scope, object: string): Promise<Commits> {
  const read = await messagesOf(scope, [...inOrder, object, "--"]);
  const said = read.stderr.trim();
  if (read.isCut) return { messages: await withoutLong(scope, object), damage: "", instead: "" };
  if (read.code !== 0) return { messages: [], damage: said, instead: `cannot be read: ${said.split("\n").at(-1)}` };
  return { messages: read.messages, damage: "", instead: "holds no commit" };
}

async function messagesOf({ attempt }: Scope, which: readonly string[], input = "") {
  const words = ["log", "-z", "--no-show-signature", "--encoding=UTF-8", "--format=%H%n%B", ...which];
  const read = await attempt(words, { input, limit: longestLog });
  const messages = read.stdout.split("\0").flatMap((text): LogCommit[] => {
    const end = text.indexOf("\n");
    return end < 0 ? [] : [{ hash: text.slice(0, end), message: text.slice(end + 1) }];
  });
  return { ...read, messages };
}

/** A log that is too long as a whole, with the messages that are not too long themselves. */
async function withoutLong(scope: Scope, object: string): Promise<readonly LogCommit[]> {
  const hashes = await scope.git(["rev-list", ...inOrder, object]);
  const sizes = await scope.git(["cat-file", "--batch-check=%(objectname) %(objectsize)"], hashes);
  const rows = sizes.split("\n").map((line) => line.split(" "));
  const short = rows.flatMap(([hash = "", size]) => (Number(size) <= 2 * longestMessage ? [hash] : []));
  const read = await messagesOf(scope, ["--no-walk=unsorted", "--stdin"], short.join("\n"));
  if (read.isCut) throw tooMuch(scope);
  const known = new Map(read.messages.map(({ hash, message }) => [hash, message]));
  return rows.map(([hash = ""]) => ({ hash, message: known.get(hash) ?? null }));
}

/** More than anybody releases: no log, and nothing that a program should take apart. */
const tooMuch = ({ logRef, remote, folder }: Scope): UserError =>
  new UserError(`${logRef} on ${remote?.name ?? "this repo"} is longer than ${longestLog} bytes`, {
    why: "A log of releases has a few lines for each; whatever writes so much is not Slipway.",
    fix: `Look who wrote it, and point the ref at the last good commit: git -C ${folder} log ${memories}`,
    kind: "log",
  });

/** Fetches the whole log anew. A file that Git finds corrupt is put aside first, for Git would keep it instead of what it fetches. */
async function refetch(scope: Scope, said: string, cause?: unknown): Promise<void> {
  const [, path] = /\(stored in (.+?)\) is corrupt/.exec(said) ?? [];
  const file = path && resolve(scope.folder, path);
  if (cause !== undefined && !file) throw cause;
  if (file && exists(file)) rename(file, `${file}.corrupt`);
  await fetchRefs(scope, [scope.logRef], "--refetch");
}

/** The log as it is, whole or not, with all that this clone remembers of it. */
export async function survey(scope: Scope, tip: string | null): Promise<LogSurvey> {
  const looked = await look(scope, tip);
  const kept = await remembered(scope, looked);
  const all = new Map([...kept.messages, ...looked.messages].map((commit) => [commit.hash, commit]));
  const { entries, broken } = readLog([...all.values()]);
  const fault = faultOf(looked, { broken });
  const own = looked.messages.at(-1)?.hash;
  const isBehind = own !== undefined && kept.messages.some(({ hash }) => hash === own);
  const parents = [...kept.tips, ...(own === undefined || isBehind ? [] : [own])];
  return { ref: scope.logRef, tip, fault, entries, parents, void: broken.map(({ commit }) => commit) };
}

/** The last tips that this clone saw and that are not behind the tip: of this log, or of the image's under another prefix. */
async function remembered(scope: Scope, { seen, messages }: Looked) {
  const listed = await scope.attempt(["for-each-ref", "--format=%(objectname) %(refname)", memories]);
  const others = listed.stdout
    .split("\n")
    .filter((line) => line.endsWith(`/log/${scope.image}`))
    .map((line) => line.split(" ")[0] ?? "");
  const wanted = seen !== null ? [seen] : messages.length > 0 ? [] : [...new Set(others)];
  const open = wanted.filter((tip) => !messages.some(({ hash }) => hash === tip));
  const read = await Promise.all(open.map(async (tip) => ({ tip, ...(await commitsOf(scope, tip)) })));
  const whole = read.filter((one) => one.messages.at(-1)?.hash === one.tip);
  return { tips: whole.map(({ tip }) => tip), messages: whole.flatMap((one) => one.messages) };
}

/** An entry to be appended unless an equal one is there; `again`: also then. */
export type Wanted = { readonly entry: SignedEntry; readonly again: boolean };

/** `goesOn`: another swap follows, which keeps in this clone what both have put into the log. */
export type SwapOptions = { readonly goesOn?: boolean };
type Swap = SwapOptions & { readonly entries: readonly Wanted[] };

/** Appends entries on top of whoever came first and moves refs with them, all or none; a ref that others moved first is not waited for. */
export async function swapWith(
  scope: Scope,
  moves: readonly Move[],
  { entries, goesOn = false }: Swap,
): Promise<Swapped> {
  const { logRef, seen } = scope;
  const texts = new Map(entries.map(({ entry }) => [entry, lineOf(entry)]));
  let why = "";
  for (let turn = 0; turn < 20; turn += 1) {
    // Where it was seen last will do: what others append meanwhile makes the swap fail.
    const log = entries.length > 0 ? [...(await knownLog(scope))] : [];
    const last = (await knownRefs(scope))[logRef] ?? null;
    const lines: string[] = [];
    for (const { entry, again } of entries) {
      // The connection of an earlier turn may have ended after the entry was taken.
      if (log.some((one) => isDeepStrictEqual(one, entry) || (!again && sameEntry(one, entry)))) continue;
      lines.push(texts.get(entry) ?? "");
      log.push(entry);
    }
    const tip = await writeLines(scope, lines, last ? [last] : []);
    const all = tip === last ? moves : [{ ref: logRef, from: last, to: tip }, ...moves];
    const swapped = all.length > 0 ? await swapRefs(scope, all) : { won: true, why: "" };
    if (swapped.won && tip && tip !== last) seen.log = { object: tip, entries: log };
    // What was never read is not kept: it may be no whole log.
    if (swapped.won && tip && tip === seen.log?.object && !goesOn) await remember(scope, tip);
    if (swapped.won || tip === last) return swapped;
    why = swapped.why;
    const now = await knownRefs(scope);
    if (moves.some(({ ref, from }) => (now[ref] ?? null) !== from)) return swapped;
  }
  throw refused(logRef, why, scope.remote);
}

/** Entries as a commit on top of these, or as several where one would be too long to be read; gives the last, or the parent. */
async function writeLines(scope: Scope, lines: readonly string[], parents: readonly string[]): Promise<string | null> {
  let on = parents;
  for (let left = lines; left.length > 0; ) {
    let [count, size] = [0, 0];
    while (count < left.length && (count === 0 || size + Buffer.byteLength(left[count] ?? "") < longestMessage)) {
      size += Buffer.byteLength(left[count] ?? "") + 1;
      count += 1;
    }
    on = [await writeCommit(scope, left.slice(0, count).join("\n"), on)];
    left = left.slice(count);
  }
  return on[0] ?? null;
}

/** The line of an entry; what no reader would take is not written. */
function lineOf(entry: SignedEntry): string {
  const text = JSON.stringify(entry);
  const read = readEntry(text);
  if (!("broken" in read)) return text;
  throw new UserError(`what is to be recorded ${read.broken}`, {
    why: "The log is read by everybody, so nothing is written into it that a reader refuses.",
    fix: "Run the same command with a shorter text, without what is no text",
  });
}

/** What the log becomes: commits that stand on these, in one move of the ref. */
export type LogRepair = {
  readonly from: string | null;
  readonly parents: readonly string[];
  readonly entries: readonly SignedEntry[];
};

export async function repair(scope: Scope, { from, parents, entries }: LogRepair): Promise<Swapped> {
  const to = await writeLines(scope, entries.map(lineOf), parents);
  const swapped = await swapRefs(scope, [{ ref: scope.logRef, from, to }]);
  if (swapped.won && to) await remember(scope, to);
  return swapped;
}
