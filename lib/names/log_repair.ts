import { UserError } from "../errors.ts";
import type { LogEntry, Repaired, SignedEntry } from "./log.ts";
import type { ReadLog } from "./ref_message.ts";
import type { ReleaseStage } from "./stage.ts";
import { compareVersions, type Version } from "./version.ts";

/** A look at the log of an image: where it is, what this clone saw there last, and what is wrong with it. */
export type LogSurvey = {
  readonly ref: string;
  readonly tip: string | null;
  /** What is wrong, in a sentence; null for a log that is whole. */
  readonly fault: string | null;
  /** All that the log and this clone's memory of it hold, oldest first. */
  readonly entries: readonly SignedEntry[];
  /** The commits that hold all of that: what a repair stands on. */
  readonly parents: readonly string[];
  /** The commits with lines that nobody can read. */
  readonly void: readonly string[];
};
/** The same with what Git tags and registries say of what it lost. */
export type Survey = LogSurvey & { readonly lost: readonly LostRelease[]; readonly standing: readonly Standing[] };

export type LogLook = {
  readonly ref: string;
  /** `origin`, or `this repo`. */
  readonly where: string;
  readonly tip: string | null;
  /** Where the log was when this clone saw it last. */
  readonly seen: string | null;
  /** The commits of the tip, oldest first; null where it leads to none, with what it is instead. */
  readonly commits: readonly string[] | null;
  readonly instead: string;
};

/** What is wrong with a log: a clone's memory of it is what a rewritten one is told from. */
export function faultOf({ ref, where, tip, seen, commits, instead }: LogLook, { broken }: Pick<ReadLog, "broken">) {
  const last = `this clone last saw it at ${seen?.slice(0, 12)}`;
  if (tip === null) return seen === null ? null : `${ref} is gone from ${where}, and ${last}`;
  if (commits === null) return `${ref} on ${where} ${instead}`;
  if (seen !== null && !commits.includes(seen))
    return `${ref} on ${where} was rewritten: ${last}, which is not behind ${tip.slice(0, 12)}`;
  const [first] = broken;
  return first ? `commit ${first.commit.slice(0, 12)} of ${ref} ${first.broken}` : null;
}

/** The error of a log that is not whole. */
export const damaged = (fault: string): UserError =>
  new UserError(fault, {
    why: "The log says what was tested, released and rolled back; without all of it a version that was taken out could be released again.",
    fix: "See what can be put together again, and do it: i release_log --repair",
    kind: "log",
  });

/** What is wrong where there is no log, and nothing is remembered, but a release left its tag. */
export const forgotten = (ref: string, remote: string | null, tag: string): string =>
  `${ref} is gone from ${remote ?? "this repo"}, where the tag ${tag} tells of a release`;

/** A released version that the log does not know: its Git tag says the commit, registries say the image. */
export type LostRelease = {
  readonly tag: string;
  readonly stage: ReleaseStage;
  readonly version: Version;
  readonly commit: string;
  /** Null where no registry has it, or registries differ. */
  readonly digest: string | null;
  readonly registries: readonly string[];
};
/** What a mutable tag is now: its digest by registry. */
export type Standing = { readonly stage: ReleaseStage; readonly digests: Readonly<Record<string, string>> };

/**
 * The entries of releases that the log lost: each release, and the moves that made the mutable tag what it is. A tag that is
 * below a released version was rolled back, as far as anybody can know.
 */
export function lostEntries(log: readonly SignedEntry[], lost: readonly LostRelease[], standing: readonly Standing[]) {
  const releases = lost.flatMap(({ stage, version, commit, digest, registries }): LogEntry[] =>
    digest === null ? [] : [{ type: "release", stage, version, digest, commit, registries }],
  );
  const how = { id: "repair", reason: "found so when the log was mended" };
  return [...releases, ...standing.flatMap((one) => movesTo(one, [...log, ...releases], how))];
}

/** The move that made a mutable tag what it is; none where the log has it, or does not know the image. */
export function movesTo(
  { stage, digests }: Standing,
  log: readonly (SignedEntry | LogEntry)[],
  { id, reason }: { readonly id: string; readonly reason: string },
): LogEntry[] {
  const known = log.flatMap((entry) => (entry.type === "release" && entry.stage === stage ? [entry] : []));
  const [digest] = new Set(Object.values(digests));
  const registries = Object.keys(digests).filter((name) => digests[name] === digest);
  const now = known.findLast((entry) => entry.digest === digest);
  const last = log.findLast((entry) => entry.type === "flip" && entry.tag === stage);
  if (!now || (last?.type === "flip" && last.to === digest)) return [];
  const isLower = known.some(({ version }) => compareVersions(version as Version, now.version as Version) > 0);
  return [
    {
      ...{ type: "flip", id: `${id}-${stage}-${now.version}`, tag: stage, version: now.version, to: String(digest) },
      ...{ from: {}, why: isLower ? "rollback" : "release", reason, registries },
    },
  ];
}

/** The entry that a repair begins with. */
export const repairEntry = (fault: string, broken: readonly string[]): Repaired => ({
  ...{ type: "repair", why: fault, void: broken },
});
