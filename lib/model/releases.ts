import { type ChangelogEntry, currentEntry } from "./changelog.ts";
import type { SignedEntry } from "./log.ts";
import { gitTag, type ReleaseStage } from "./stage.ts";
import { compareVersions, isVersion, type Version } from "./version.ts";

/** Everything about a release is told for these, in this order. */
const releaseStages = ["dev", "prod"] as const satisfies readonly ReleaseStage[];

/** A released version as the log knows it. */
export type Release = {
  readonly stage: ReleaseStage;
  readonly version: Version;
  readonly digest: string;
  readonly commit: string;
  readonly registries: readonly string[];
  readonly at: string;
  readonly by: string;
};
type Log = readonly SignedEntry[];

/** The releases of a stage, oldest first; one that was recorded again, for more registries, stands once. */
export function releasesOf(log: Log, stage: ReleaseStage): Release[] {
  const all = new Map<Version, Release>();
  for (const entry of log) {
    if (entry.type !== "release" || entry.stage !== stage || !isVersion(entry.version)) continue;
    const { version, commit, at, by, registries } = entry;
    const before = all.get(version);
    const everywhere = [...new Set([...(before?.registries ?? []), ...registries])];
    all.set(version, {
      ...(before ?? { stage, version, digest: String(entry.digest), commit, at, by }),
      registries: everywhere,
    });
  }
  return [...all.values()];
}

/** The stages that a report speaks of: dev, and prod once it was released. */
export const stagesInPlay = (log: Log): ReleaseStage[] =>
  releaseStages.filter((stage) => stage === "dev" || releasesOf(log, stage).length > 0);

/** The last move of a stage's mutable tag. */
export const lastFlip = (log: Log, stage: ReleaseStage): Extract<SignedEntry, { type: "flip" }> | undefined =>
  log.findLast((entry) => entry.type === "flip" && entry.tag === stage) as
    | Extract<SignedEntry, { type: "flip" }>
    | undefined;

/** The release that a report is about: the version asked for, else what the mutable tag is, else the last one. */
export function releaseInUse(log: Log, stage: ReleaseStage, version?: Version | null): Release | undefined {
  const all = releasesOf(log, stage);
  if (version) return all.find((one) => one.version === version);
  const current = lastFlip(log, stage)?.version;
  return all.find((one) => one.version === current) ?? all.at(-1);
}

/** The release with the highest version below this one: what users have before they update. */
export const releaseBefore = (log: Log, stage: ReleaseStage, version: Version): Release | undefined =>
  releasesOf(log, stage)
    .filter((one) => compareVersions(one.version, version) < 0)
    .sort((a, b) => compareVersions(a.version, b.version))
    .at(-1);

type Known = { readonly log: Log; readonly changelog: readonly ChangelogEntry[] };

/** The version that a report is about: the one asked for, else the release in use, else what the changelog is about to release. */
export const reportVersion = ({ log, changelog }: Known, stage: ReleaseStage, asked?: Version | null): Version | null =>
  asked ?? releaseInUse(log, stage)?.version ?? currentEntry(changelog, stage)?.version ?? null;

type Tagged = { readonly log: Log; readonly image: string; readonly tags: Readonly<Record<string, string>> };

/** The commit of the release before a version, by the log or else by its Git tag; null for the first one. */
export function commitBefore({ log, image, tags }: Tagged, stage: ReleaseStage, version: Version): string | null {
  const before = releaseBefore(log, stage, version);
  if (before) return before.commit;
  const prefix = gitTag(image, stage, "" as Version);
  const commits = Object.keys(tags)
    .filter((tag) => tag.startsWith(prefix))
    .map((tag) => tag.slice(prefix.length))
    .filter(isVersion)
    .filter((one) => compareVersions(one, version) < 0)
    .sort(compareVersions)
    .map((one) => tags[`${prefix}${one}`]);
  return commits.at(-1) ?? null;
}

/** Who rolled a version back, where the mutable tag was taken from it to a lower one and has not come up again. */
export function rolledBack(log: Log, stage: ReleaseStage, version: Version) {
  const last = lastFlip(log, stage);
  if (last?.why !== "rollback" || !isVersion(last.version)) return undefined;
  const was = log.some((entry) => entry.type === "flip" && entry.tag === stage && entry.version === version);
  return was && compareVersions(version, last.version) > 0 ? last : undefined;
}

/** The entries that say what a tag should be: moves of a mutable tag, releases of a versioned one; oldest first. */
const entriesOf = (log: Log, tag: string) =>
  log.flatMap((entry) => {
    if (entry.type === "flip" && entry.tag === tag)
      return [{ digest: String(entry.to), registries: entry.registries, meant: Object.keys(entry.from) }];
    if (entry.type === "release" && `${entry.stage}-${entry.version}` === tag)
      return [{ digest: String(entry.digest), registries: entry.registries, meant: entry.registries }];
    return [];
  });

/** The digest that a tag should have by the log; undefined where the log does not know the tag. */
export const wantedDigest = (log: Log, tag: string): string | undefined => entriesOf(log, tag).at(-1)?.digest;

type Cell = { readonly tag: string; readonly registry: string; readonly digest: string | null };

/** Whether the last release or move left this registry out on purpose, and it still is what it was then. */
export function isBehindByChoice(log: Log, { tag, registry, digest }: Cell): boolean {
  const entries = entriesOf(log, tag);
  const last = entries.at(-1);
  if (!last || last.digest === digest || [...last.registries, ...last.meant].includes(registry)) return false;
  return digest === (entries.findLast(({ registries }) => registries.includes(registry))?.digest ?? null);
}
