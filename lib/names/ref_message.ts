import type { Owner } from "../plan/facts.ts";
import {
  type Check,
  fits,
  isNode,
  isSet,
  listOf,
  mapOf,
  maybe,
  misfit,
  type Node,
  node,
  oneOf,
  orNull,
  type Shape,
  text,
  whole,
  word,
} from "../text/shape.ts";
import { visible } from "../text/visible.ts";
import type { Flip } from "./flip.ts";
import { commitIn, isDigest, isTag } from "./image.ts";
import type { LoggedEntry, Newer, Origin, Signature, SignedEntry } from "./log.ts";

/** Bytes that one claim, one move or one commit of the log may have. */
export const longestMessage = 1 << 16;
/** Bytes that a log may have: some 50,000 entries, which bounds their number too. */
export const longestLog = 1 << 24;

/** What a ref holds and no Slipway can read, in words that go on from its name: `is not JSON: "x"`. */
export type Broken = { readonly broken: string };

const digest: Check = (value) => typeof value === "string" && isDigest(value);

/** What an older Slipway wrote names no namespace and no attempt. */
const owner: Shape<Owner> = {
  ...{ nonce: word, user: word, host: word, boot: word, pid: whole, started: word },
  ...{ commit: word, run: word, at: whole },
  ...{ namespace: maybe(word), attempt: maybe(word) },
};
const place: Shape<Flip["places"][number]> = { registry: word, repository: word, seen: orNull(digest) };
const tag: Check = (value) => typeof value === "string" && isTag(value);
/** A tag that may move: those of a release and of a commit never do, whoever wrote so. */
const moving: Check = (value) =>
  typeof value === "string" && isTag(value) && !/^(dev|prod)-\d+\.\d+\.\d+$/.test(value) && commitIn(value) === null;
const flip: Shape<Flip> = {
  ...{ id: word, owner: node(owner), image: word, tag: moving, version: word },
  ...{ why: oneOf("release", "rollback", "mirror"), reason: maybe(text), to: digest, places: listOf(node(place)) },
};
const signature: Shape<Signature> = { at: word, by: word, host: word, ci: maybe(word) };

const stage = oneOf("dev", "prod");
type Shapes = { readonly [T in Exclude<LoggedEntry["type"], "newer">]: Shape<Extract<LoggedEntry, { type: T }>> };
const announcing = { stage, version: word, digest: word, channel: oneOf("slack") };
const origin: Shape<Origin> = { at: word, by: word };
const pass = {
  ...{ type: word, digest: word, version: word, list: word, commit: word },
  ...{ tree: word, runner: word, platform: word },
};
/** One shape for each type of entry; `word` for a digest, because old logs may hold what a registry then gave. */
const shapes: Shapes = {
  pass,
  flaky: { ...pass, failed: whole },
  skip: { type: word, digest: word, version: word, list: word, why: text },
  release: {
    ...{ type: word, stage, version: word, digest: word, commit: word, children: maybe(mapOf(word)) },
    ...{ base: maybe(node({ version: word, digest: word })), registries: listOf(word) },
    adopted: maybe(node(origin)),
  },
  branch: {
    ...{ type: word, branch: word, commit: word, version: word, tag, follow: listOf(tag) },
    ...{ digest: word, registries: listOf(word) },
  },
  prune: { type: word, tags: listOf(word), digests: listOf(digest), registries: listOf(word) },
  tagged: { type: word, stage, version: word, commit: word, adopted: node(origin) },
  flip: {
    ...{ type: word, id: word, tag: word, version: word, to: word, from: mapOf(orNull(word)) },
    ...{ why: oneOf("release", "rollback", "mirror"), reason: maybe(text), registries: listOf(word) },
  },
  deployment: { type: word, environment: word, version: word, digest: word, cluster: word, service: word },
  announcing: { type: word, ...announcing, withdrawn: maybe((value) => value === true) },
  announce: { type: word, ...announcing },
  confirm: { type: word, stage, version: word, digest: orNull(word), line: text },
  repair: { type: word, why: text, void: listOf(word) },
};
const isKnownType = (type: string): type is keyof Shapes => Object.hasOwn(shapes, type);
/** The same with what is known of who wrote it. */
const signed = new Map(Object.entries(shapes).map(([type, shape]) => [type, { ...signature, ...shape }]));

/** Text from elsewhere as it may be shown: short, in quotes, on one line, and without what steers a terminal. */
export const quoted = (text: string): string =>
  visible(JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text));

export const tooLong = `is longer than ${longestMessage} bytes`;

function parse(message: string): { readonly value: unknown } | Broken {
  if (Buffer.byteLength(message) > longestMessage) return { broken: tooLong };
  if (message.trim() === "") return { broken: "is empty" };
  try {
    return { value: JSON.parse(message) };
  } catch {
    return { broken: `is not JSON: ${quoted(message)}` };
  }
}

function read<T>(message: string, shape: Shape<T>, what: string): T | Broken {
  const parsed = parse(message);
  if ("broken" in parsed) return parsed;
  const { value } = parsed;
  if (!isNode(value)) return { broken: `holds no ${what}: ${quoted(message)}` };
  return fits(value, shape)
    ? value
    : { broken: `holds no ${what}, for its ${misfit(value, shape)} is wrong: ${quoted(message)}` };
}

export const readClaim = (message: string): Owner | Broken => read(message, owner, "claim");
export const readFlip = (message: string): Flip | Broken => read(message, flip, "move of a tag");

/** One line of the log. What a newer Slipway may have meant is kept as a line. */
export function readEntry(line: string): SignedEntry | Broken {
  const parsed = parse(line);
  if ("broken" in parsed) return parsed;
  const { value } = parsed;
  if (!isNode(value) || typeof value["type"] !== "string") return { broken: `is no entry of the log: ${quoted(line)}` };
  const { type } = value;
  if (isEntry(value, type)) return value;
  const bad = misfit(value, signed.get(type) ?? {});
  if (bad === undefined || (word(value[bad]) && isSet(shapeOf(type)[bad] ?? word))) return newer(value, type, line);
  return { broken: `is no entry of the log, for its ${bad} is wrong: ${quoted(line)}` };
}

const shapeOf = (type: string): Readonly<Record<string, Check>> => (isKnownType(type) ? shapes[type] : {});
function isEntry(value: Node, type: string): value is Node & SignedEntry {
  const shape = signed.get(type);
  return shape !== undefined && misfit(value, shape) === undefined;
}

function newer(value: Node, type: string, text: string): Newer & Signature {
  const name = (key: string) => (word(value[key]) ? String(value[key]) : "");
  return { type: "newer", is: type, text, at: name("at"), by: name("by"), host: name("host") };
}

/** A commit of the log with its message; null for one that is too long to be read. */
export type LogCommit = { readonly hash: string; readonly message: string | null };
/** A log as its commits say it, oldest first, and the commits with lines that nobody can read. */
export type ReadLog = {
  readonly entries: readonly SignedEntry[];
  readonly broken: readonly ({ readonly commit: string } & Broken)[];
};

/** Reads a log. A line that is there twice counts once; what a repair declared void is passed over. */
export function readLog(commits: readonly LogCommit[]): ReadLog {
  const lines = new Map<string, SignedEntry>();
  const broken = commits.flatMap(({ hash, message }) => {
    if (message === null) return [{ commit: hash, broken: tooLong }];
    const all = message.split("\n").filter((line) => line.trim() !== "");
    const read = (all.length > 0 ? all : [""]).map((line) => ({ line, entry: readEntry(line) }));
    const wrong = read.flatMap(({ entry }) => ("broken" in entry ? [{ commit: hash, broken: entry.broken }] : []));
    for (const { line, entry } of read) if (!("broken" in entry)) lines.set(line, entry);
    return wrong.slice(0, 1);
  });
  const entries = [...lines.values()];
  const isVoid = new Set(entries.flatMap((entry) => (entry.type === "repair" ? entry.void : [])));
  return { entries, broken: broken.filter(({ commit }) => !isVoid.has(commit)) };
}
