import type { TaggedImage } from "../release/look_images.ts";
import { branchTag, prefixOf } from "./dev_version.ts";
import type { BranchReleased, SignedEntry } from "./log.ts";
import { isCandidate } from "./stage.ts";

/** What may not go, and what there is (design.md, "What is pruned"). */
export type PruneLook = {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The branches of the Git remote. */
  readonly branches: readonly string[];
  readonly registries: Readonly<Record<string, readonly TaggedImage[]>>;
  /** Registry -> what a prune that was ended half-way left there. */
  readonly left: Readonly<Record<string, readonly string[]>>;
  /** Claims and moves of a tag that are held. */
  readonly held: readonly Held[];
  /** The digests that services of ECS run. */
  readonly running: readonly string[];
  /** The registries that remove themselves what no tag names. */
  readonly cleaning: readonly string[];
};
export type Held = {
  readonly ref: string;
  /** Of a claim: the version and the commit that are worked on. */
  readonly claim?: { readonly version: string; readonly commit: string };
  /** Of a move: the images before and after it. */
  readonly digests: readonly string[];
};
export type PruneRule = {
  /** Images of commits that a branch keeps. */
  readonly keep: number;
  /** Days after which a local image or a candidate goes. */
  readonly days: number;
};

/** A tag that could go, with what becomes of it in one registry and why. */
export type Verdict = {
  readonly registry: string;
  readonly tag: string;
  readonly digest: string;
  readonly goes: boolean;
  readonly why: string;
};
/** An image that goes with all the tags that it has in a registry; none for one that was a part of an index. */
export type Removal = { readonly digest: string; readonly tags: readonly string[] };
export type Pruned = {
  readonly verdicts: readonly Verdict[];
  /** Indexes first, what was only a part of one last. */
  readonly removals: Readonly<Record<string, readonly Removal[]>>;
};

type Log = readonly SignedEntry[];
/** Digest -> why it stays. */
type Reasons = ReadonlyMap<string, string>;

/** What goes: images all of whose tags may go, and that nothing which stays stands on, in any registry. */
export function judgePrune(log: Log, rule: PruneRule, seen: PruneLook): Pruned {
  const all = Object.values(seen.registries).flat();
  const going = reasonsToGo(log, rule, seen);
  const roots = [...rootsOf(seen, (tag) => going.has(tag)), ...logRoots(log)];
  const first = reachable(roots, all);
  const late = beyondOneEntry(all.filter(({ digest }) => !first.has(digest)));
  const kept = late.length === 0 ? first : reachable([...roots, ...late], all);
  const verdicts = Object.entries(seen.registries).flatMap(([registry, tags]) =>
    tags.flatMap(({ tag, digest }): Verdict[] => {
      const why = going.get(tag);
      return why === undefined
        ? []
        : [{ registry, tag, digest, goes: !kept.has(digest), why: kept.get(digest) ?? why }];
    }),
  );
  const names = Object.keys(seen.registries);
  return { verdicts, removals: Object.fromEntries(names.map((name) => [name, removalsIn(name, seen, kept)])) };
}

/** Indexes first: there are registries that take no part away from one. */
function removalsIn(registry: string, { registries, left, cleaning }: PruneLook, kept: Reasons): readonly Removal[] {
  const whole = new Map<string, { readonly tags: string[]; readonly isIndex: boolean }>();
  const parts = new Set(left[registry] ?? []);
  for (const { tag, digest, children } of registries[registry] ?? []) {
    if (kept.has(digest)) continue;
    const known = whole.get(digest) ?? { tags: [], isIndex: children.length > 0 };
    whole.set(digest, { ...known, tags: [...known.tags, tag] });
    for (const child of children) parts.add(child);
  }
  const untagged = cleaning.includes(registry) ? [] : [...parts];
  const removals = [...whole].map(([digest, { tags, isIndex }]) => ({ digest, tags, isIndex }));
  return [
    ...removals.filter(({ isIndex }) => isIndex),
    ...removals.filter(({ isIndex }) => !isIndex),
    ...untagged.filter((part) => !kept.has(part) && !whole.has(part)).map((digest) => ({ digest, tags: [] })),
  ].map(({ digest, tags }) => ({ digest, tags }));
}

/** The removals that nothing stands on now: tags may have come or moved, and been recorded, since they were planned. */
export function stillGoing(removals: readonly Removal[], tags: readonly TaggedImage[], log: Log): readonly Removal[] {
  const going = new Set(removals.flatMap((one) => one.tags));
  const planned = new Map(removals.flatMap((one) => one.tags.map((tag) => [tag, one.digest] as const)));
  const isPlanned = ({ tag, digest }: TaggedImage) => going.has(tag) && planned.get(tag) === digest;
  const roots = tags.filter((one) => !isPlanned(one)).map(({ tag, digest }) => [digest, tag] as const);
  const kept = reachable([...roots, ...logRoots(log)], tags);
  return removals.filter(({ digest }) => !kept.has(digest));
}

/** Roots and all that is below them by the indexes that are known. */
function reachable(roots: readonly (readonly [string, string])[], all: readonly TaggedImage[]): Reasons {
  const below = new Map(all.map(({ digest, children }) => [digest, children]));
  const found = new Map<string, string>();
  const open = [...roots].reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [digest, why] = next;
    if (found.has(digest)) continue;
    found.set(digest, why);
    open.push(...(below.get(digest) ?? []).map((child) => [child, why] as const));
  }
  return found;
}

/** Tags that stay, the dev images below prod ones, what is held, and what runs. */
function rootsOf({ registries, held, running }: PruneLook, goes: (tag: string) => boolean) {
  const staying = Object.values(registries)
    .flat()
    .filter(({ tag }) => !goes(tag));
  return [
    ...staying.flatMap(({ tag, digest, labels }) => {
      const base = labels["org.opencontainers.image.base.digest"];
      const own = [digest, `${tag} is it too`] as const;
      return base === undefined ? [own] : [own, [base, `${tag} stands on it`] as const];
    }),
    ...held.flatMap(({ ref, digests }) => digests.map((digest) => [digest, `${ref} names it`] as const)),
    ...running.map((digest) => [digest, "a service of ECS runs it"] as const),
  ];
}

/** What the log stands on: released images with their parts and bases, what tags were moved between, what services got last. */
function logRoots(log: Log): readonly (readonly [string, string])[] {
  const deployed = new Map(
    log.flatMap((one) => (one.type === "deployment" ? [[`${one.cluster} ${one.service}`, one] as const] : [])),
  );
  const released = log.flatMap((one) => {
    if (one.type === "flip")
      return [one.to, ...Object.values(one.from)].map((digest) => [digest, `${one.tag} was moved to it or from it`]);
    if (one.type !== "release") return [];
    const digests = [one.digest, ...Object.values(one.children ?? {}), ...(one.base ? [String(one.base.digest)] : [])];
    return digests.map((digest) => [digest, `${one.stage} ${one.version} is released`]);
  });
  const running = [...deployed.values()].map(({ digest, service }) => [digest, `${service} got it last`]);
  return [...released, ...running].map(([digest, why]) => [String(digest), String(why)] as const);
}

/** Bytes of digests and tags that one entry of the log may have (`longestMessage`, with room for who wrote it). */
const mostBytes = 48_000;

/** The images that do not fit into the log's entry of one run. */
function beyondOneEntry(all: readonly TaggedImage[]): readonly (readonly [string, string])[] {
  const sizes = new Map<string, number>();
  for (const { tag, digest, children } of all)
    sizes.set(digest, (sizes.get(digest) ?? 75 * (1 + children.length)) + tag.length + 3);
  let size = 0;
  return [...sizes].flatMap(([digest, own]) => {
    size += own;
    return size > mostBytes ? [[digest, "it is for the next run: one takes no more"] as const] : [];
  });
}

/** Tags that may go, each with the reason. */
function reasonsToGo(log: Log, rule: PruneRule, seen: PruneLook): Reasons {
  const made = new Map<string, BranchReleased[]>();
  const commits = new Map<string, Set<string>>();
  for (const entry of log) {
    if (entry.type !== "branch") continue;
    for (const tag of ownTags(entry)) made.set(tag, [...(made.get(tag) ?? []), entry]);
    // A commit that is built again is the newest again.
    const before = commits.get(entry.branch) ?? new Set();
    before.delete(entry.commit);
    commits.set(entry.branch, before.add(entry.commit));
  }
  const isKept = ({ branch, commit }: BranchReleased) =>
    [...(commits.get(branch) ?? [])].slice(-rule.keep).includes(commit) && rule.keep > 0;
  const branches = new Set(seen.branches);
  const reasonFor = (image: TaggedImage): string | null => {
    const entries = made.get(image.tag);
    if (!entries) return ageReason(image, rule, seen);
    const alive = entries.filter(({ branch }) => branches.has(branch));
    if (alive.length === 0) return `branch ${entries.at(-1)?.branch} is gone`;
    if (alive.some((one) => isOfBranch(image.tag, one) || isKept(one))) return null;
    return `branch ${alive.at(-1)?.branch} has ${rule.keep} newer`;
  };
  const tags = Object.values(seen.registries).flat();
  return new Map(
    tags.flatMap((image) => {
      const why = reasonFor(image);
      return why === null ? [] : [[image.tag, why]];
    }),
  );
}

/** The tag of the commit, and that of the branch; a channel such as `edge` is nobody's own. */
const ownTags = (entry: BranchReleased): readonly string[] => [
  entry.tag,
  ...entry.follow.filter((tag) => isOfBranch(tag, entry)),
];
const isOfBranch = (tag: string, entry: BranchReleased): boolean =>
  tag === branchTag(entry.branch, prefixOf(entry.tag));

/** Local images and candidates go by the age of what they were built from; one without a date, or that is claimed, stays. */
function ageReason({ tag, created }: TaggedImage, { days }: PruneRule, { now, held }: PruneLook): string | null {
  const kind = /^local-.+-\d+\.\d+\.\d+$/.test(tag) ? "local image" : isCandidate(tag) ? "candidate" : null;
  const age = Math.floor((now - Date.parse(created)) / 86_400_000);
  const isClaimed = held.some(
    ({ claim }) => claim && (tag.endsWith(`-${claim.version}`) || tag.endsWith(`-${claim.commit.slice(0, 9)}`)),
  );
  return kind !== null && !isClaimed && age >= days ? `${kind} of ${created.slice(0, 10)}` : null;
}
