import type { Value } from "../plan/plan.ts";
import type { ReleaseStage } from "./stage.ts";

/** Who did it and when; added by the performer, never part of what makes two entries equal. */
export type Signature = {
  readonly at: string;
  readonly by: string;
  readonly host: string;
  /** The run of a CI that wrote it. */
  readonly ci?: string;
};

/** A test list passed: the key of design.md, step 3. `tree` names the mounted code with its submodules. */
export type Pass = {
  readonly type: "pass";
  readonly digest: Value;
  readonly version: string;
  readonly list: string;
  readonly commit: string;
  readonly tree: string;
  readonly runner: string;
  readonly platform: string;
};
/** A test list failed and then passed on the same: a pass that proves less than one. */
export type Flaky = Omit<Pass, "type"> & {
  readonly type: "flaky";
  /** How often it failed before. */
  readonly failed: number;
};
/** A test list was left out on purpose. */
export type Skipped = {
  readonly type: "skip";
  readonly digest: Value;
  readonly version: string;
  readonly list: string;
  readonly why: string;
};
/** A version was released: the digest behind its immutable tag. */
export type Released = {
  readonly type: "release";
  readonly stage: ReleaseStage;
  readonly version: string;
  readonly digest: Value;
  readonly commit: string;
  /** Of an index: platform -> digest of its image. */
  readonly children?: Readonly<Record<string, string>>;
  /** Of a prod image: the dev image that it stands on. */
  readonly base?: { readonly version: string; readonly digest: Value };
  readonly registries: readonly string[];
  /** It was made before there was a log, and brought in. */
  readonly adopted?: Origin;
};
/** When a release was made that the log did not see, and by whom, as far as Git and the image say; empty where neither does. */
export type Origin = { readonly at: string; readonly by: string };
/** A version that a Git tag alone tells of, for no registry has its image: it is shown, and nothing is concluded from it. */
export type Tagged = {
  readonly type: "tagged";
  readonly stage: ReleaseStage;
  readonly version: string;
  readonly commit: string;
  readonly adopted: Origin;
};
/** Images went out of registries: written before they do, so that a run that is ended half-way is finished by the next. */
export type PrunedImages = {
  readonly type: "prune";
  readonly tags: readonly string[];
  /** With the parts of indexes. */
  readonly digests: readonly string[];
  readonly registries: readonly string[];
};
/** A mutable tag moved, by a release or a rollback. */
export type Flipped = {
  readonly type: "flip";
  readonly id: string;
  readonly tag: string;
  readonly version: string;
  readonly to: Value;
  readonly from: Readonly<Record<string, string | null>>;
  readonly why: "release" | "rollback" | "mirror";
  /** In the person's words, for a rollback. */
  readonly reason?: string;
  readonly registries: readonly string[];
};
/** A commit of a branch was released between versions: its own tag, and those that followed the branch to it. */
export type BranchReleased = {
  readonly type: "branch";
  readonly branch: string;
  readonly commit: string;
  /** As PEP 440 spells it. */
  readonly version: string;
  readonly tag: string;
  readonly follow: readonly string[];
  readonly digest: Value;
  readonly registries: readonly string[];
};
/** A service of ECS runs a version: recorded when it was healthy. */
export type Deployed = {
  readonly type: "deployment";
  readonly environment: string;
  readonly version: string;
  readonly digest: Value;
  readonly cluster: string;
  readonly service: string;
};

/** The team is about to be told of a version: written before the message, which may be in the channel until this is withdrawn. */
export type Announcing = Omit<Announced, "type"> & {
  readonly type: "announcing";
  /** The channel certainly did not take the message. */
  readonly withdrawn?: true;
};
/** The team was told of a released version, once. */
export type Announced = {
  readonly type: "announce";
  readonly stage: ReleaseStage;
  readonly version: string;
  readonly digest: Value;
  readonly channel: "slack";
};
/** A person confirmed a line of the check-lists for a version. */
export type Confirmed = {
  readonly type: "confirm";
  readonly stage: ReleaseStage;
  readonly version: string;
  /** Null where the version had no image yet. */
  readonly digest: Value | null;
  readonly line: string;
};

/** The log was damaged and mended: what it lost stands behind this again, and commits that hold no entry are passed over. */
export type Repaired = {
  readonly type: "repair";
  readonly why: string;
  /** The commits of the log whose lines no Slipway can read. */
  readonly void: readonly string[];
};
/** A line that a newer Slipway wrote: shown and carried on, and nothing is concluded from it. */
export type Newer = { readonly type: "newer"; readonly is: string; readonly text: string };

/** One JSON line of `refs/slipway/log/<image>`, the append-only truth about passes, releases, flips and deployments. */
export type LogEntry =
  | Pass
  | Flaky
  | Skipped
  | Released
  | BranchReleased
  | Tagged
  | PrunedImages
  | Flipped
  | Deployed
  | Announcing
  | Announced
  | Confirmed;
/** What the log may hold beside what plans record. */
export type LoggedEntry = LogEntry | Repaired | Newer;
export type SignedEntry = LoggedEntry & Signature;

/** Two entries are the same when all but who, when and where is equal. */
export function sameEntry(a: LoggedEntry, b: LoggedEntry): boolean {
  const [one, other]: Readonly<Record<string, unknown>>[] = [a, b];
  const isSame = (name: string) =>
    signatures.has(name) || JSON.stringify(one?.[name]) === JSON.stringify(other?.[name]);
  // Most differ in their first fields, at which this ends: a log may be long.
  return Object.keys(a).every(isSame) && Object.keys(b).every(isSame);
}

/** Who says it, and who is said to have made what was adopted: a clone may lack the tag that tells that. */
const signatures: ReadonlySet<string> = new Set([
  ...(["at", "by", "host", "ci"] satisfies (keyof Signature)[]),
  "adopted" satisfies keyof Released,
]);

/** What an entry proves as a pass: one itself, and a flaky one where the repo takes that for one; null for all else. */
export function passIn(entry: SignedEntry, takesFlaky: boolean): (Pass & Signature) | null {
  if (entry.type === "pass") return entry;
  if (entry.type !== "flaky" || !takesFlaky) return null;
  const { failed: _, ...pass } = entry;
  return { ...pass, type: "pass" };
}

/** Whether an entry is of somebody whose passes count: of one who is named, or of a run of a CI where `CI` is. */
export const isFrom = ({ by, ci }: Signature, names: readonly string[]): boolean =>
  names.length === 0 || names.includes(by) || (ci !== undefined && names.includes("CI"));

/** Whether a message was begun of which nobody knows whether it is in the channel, and of which no `announce` tells. */
export function isAnnouncementOpen(
  log: readonly LoggedEntry[],
  { stage, version }: Pick<Announced, "stage" | "version">,
): boolean {
  const last = log.findLast(
    (one) => (one.type === "announce" || one.type === "announcing") && one.stage === stage && one.version === version,
  );
  return last?.type === "announcing" && !last.withdrawn;
}

/** The last entry that made a digest a version; undefined where the log does not know the digest. */
export const lastOf = (log: readonly SignedEntry[], digest: string): ((Flipped | Released) & Signature) | undefined =>
  log
    .flatMap((one) => (one.type === "flip" || one.type === "release" ? [one] : []))
    .findLast((one) => (one.type === "flip" ? one.to : one.digest) === digest);

/** The version that an entry is about; empty where it is about none. */
export const versionOf = (entry: LoggedEntry): string => ("version" in entry ? entry.version : "");
