import type { BaseImage } from "../plan/facts.ts";
import { minute } from "../text/units.ts";
import { type ChangelogEntry, currentEntry } from "./changelog.ts";
import type { SignedEntry } from "./log.ts";
import { gitTag, type ReleaseStage } from "./stage.ts";
import { compareVersions, highest, isVersion, majorMinor, type Version } from "./version.ts";

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
    const { version, commit, registries, adopted } = entry;
    const { at, by } = { at: adopted?.at || entry.at, by: adopted?.by || entry.by };
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

/** Which test lists an image passed, and who says so; what was left out too. Of several entries for a list the last counts. */
export function testsOf(log: Log, digest: string): string[] {
  const known = new Map<string, string>();
  for (const entry of log) {
    if (entry.type === "pass" && entry.digest === digest)
      known.set(entry.list, `${entry.list} passed, by ${entry.by} on ${entry.host} at ${minute(entry.at)}`);
    if (entry.type === "skip" && entry.digest === digest)
      known.set(entry.list, `${entry.list} left out by ${entry.by}: ${entry.why}`);
  }
  return [...known.values()];
}

/** The last move of a stage's mutable tag. */
export const lastFlip = (log: Log, stage: ReleaseStage): Extract<SignedEntry, { type: "flip" }> | undefined =>
  log.findLast((entry) => entry.type === "flip" && entry.tag === stage) as
    | Extract<SignedEntry, { type: "flip" }>
    | undefined;

/** The last versions below the one in use that a rollback may go back to, the highest first; none that was itself rolled back. */
export function candidatesOf(log: Log, stage: ReleaseStage): Release[] {
  const current = releaseInUse(log, stage);
  return releasesOf(log, stage)
    .filter(
      ({ version }) => current && compareVersions(version, current.version) < 0 && !rolledBack(log, stage, version),
    )
    .sort((a, b) => compareVersions(b.version, a.version))
    .slice(0, 8);
}

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

/** The releases whose sizes and layers are compared: the highest eight, with the one in use and the one before it; lowest first. */
export function comparedReleases(log: Log, stage: ReleaseStage, inUse: Release | undefined): Release[] {
  const byVersion = releasesOf(log, stage).sort((a, b) => compareVersions(a.version, b.version));
  const before = inUse && releaseBefore(log, stage, inUse.version);
  const named = [inUse?.version, before?.version];
  return byVersion.filter(({ version }, at) => at >= byVersion.length - 8 || named.includes(version));
}

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

/**
 * The rollback that took a version out: the first that brought the mutable tag below it, after it was last brought to the
 * version; undefined for one that is in, or never was. What is released or rolled back above it since changes nothing.
 */
export function rolledBack(log: Log, stage: ReleaseStage, version: Version) {
  const flips = log.filter((entry) => entry.type === "flip").filter(({ tag }) => tag === stage);
  const own = flips.findLastIndex((flip) => flip.version === version);
  const isBelow = (flip: (typeof flips)[number]) =>
    flip.why === "rollback" && isVersion(flip.version) && compareVersions(flip.version, version) < 0;
  return own === -1 ? undefined : flips.slice(own + 1).find(isBelow);
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
  if (!last || last.digest === digest) return false;
  const meant = [...last.registries, ...last.meant];
  // An entry that names no registry left out none.
  if (meant.length === 0 || meant.includes(registry)) return false;
  return digest === (entries.findLast(({ registries }) => registries.includes(registry))?.digest ?? null);
}

/** Which dev version is below a prod version, and why it is that one. */
export type BaseChoice = Pick<BaseImage, "version" | "why">;

/** The dev version below a prod version: the one named, else the newest released one of its major.minor that was not rolled back. */
export function chooseBase(of: Version | null, log: Log, named: Version | undefined): BaseChoice | null {
  if (named) return { version: named, why: "the one of --dev-version" };
  if (!of) return null;
  const generation = majorMinor(of);
  const released = releasesOf(log, "dev").filter(({ version }) => majorMinor(version) === generation);
  const isOut = (version: Version) => rolledBack(log, "dev", version) !== undefined;
  const version = highest(released.map((one) => one.version).filter((one) => !isOut(one)));
  if (!version) return null;
  const passed = released.map((one) => one.version).filter((one) => compareVersions(one, version) > 0);
  const out = passed.length > 0 ? ` that was not rolled back, as ${passed.join(", ")} was` : "";
  return { version, why: `the newest dev ${generation}${out}` };
}
