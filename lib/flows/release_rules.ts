import { assertReleasable, parseChangelog } from "../model/changelog.ts";
import { assertEngine, plugins } from "../model/engine.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { lastOf } from "../model/log.ts";
import { gitTag } from "../model/stage.ts";
import { bump, compareVersions, isVersion, majorMinor, type Version } from "../model/version.ts";
import { assertClean } from "./tests.ts";

/** Rules that need no look at an image: design.md, step 1. */
export function assertMayRelease(facts: Facts, version: Version): void {
  if (facts.config.release.none)
    throw new UserError(`${facts.config.imageName} is not released`, {
      why: "repo_config.yaml says release: none, a container built on the fly.",
      fix: "Use it with i docker_build_local, or remove release: none",
    });
  parseChangelog(facts.changelogText ?? "", facts.config.imageName, "changelog.txt");
  assertReleasable(version, {
    entries: facts.changelog,
    stage: facts.stage,
    policy: facts.config.release.changelogUpdate,
    released: releasedVersions(facts).filter((one) => one !== version && isInLine(facts, one, version)),
  });
  assertNotRolledBack(facts, version);
  assertBase(facts, version);
  assertClean(facts);
  if (facts.git.shallow)
    throw new UserError("the clone is shallow", {
      why: "The commit that last changed the image's inputs is read from the history.",
      fix: "git fetch --unshallow",
    });
  assertEngine(facts.engine, plugins);
}

/** Versions that only go forward: all of dev, and those of one major.minor of prod, where an older one may get a hotfix. */
const isInLine = (facts: Facts, one: Version, version: Version): boolean =>
  facts.stage === "dev" || majorMinor(one) === majorMinor(version);

/** A prod image stands on a released dev image of its own major.minor (seed 001, "Release flow"; design.md, "dev and prod versions"). */
export function assertBase(facts: Facts, version: Version): void {
  if (facts.stage === "dev") return;
  const { base } = facts.inputs;
  const generation = majorMinor(version);
  if (base && majorMinor(base.version) === generation) return;
  const devs = releasedVersions({ ...facts, stage: "dev" }).sort(compareVersions);
  throw new UserError(
    base
      ? `prod ${version} cannot stand on dev ${base.version}`
      : `prod ${version} has no dev ${generation} to stand on`,
    {
      why: `dev and prod keep major.minor equal, and ${base ? `${base.version} is not ${generation}` : `released as dev are ${devs.join(", ") || "none"}`}.`,
      fix: `Release it first: i docker_release_dev --version ${generation}.0; or release prod ${devs.at(-1) ?? "X.Y.Z"}`,
    },
  );
}

/** Refuses a version whose pushed Git tag names a commit from before what would be built now. */
export function assertTagFits(facts: Facts, version: Version): void {
  const tag = gitTag(facts.config.imageName, facts.stage, version);
  const tagged = facts.remoteTags[tag];
  if (!tagged || !(tag in facts.git.tags) || facts.inputs.tagged.includes(tag)) return;
  throw new UserError(`the Git tag ${tag} names ${tagged.slice(0, 12)}, and the image's files have changed since`, {
    why: "A tag of a release names the commit that was tested, and never moves.",
    fix: `Release the next one: add its entry and --version ${bump(version, "patch")}`,
  });
}

/** The versions of the stage that the log or a Git tag knows. */
export function releasedVersions(facts: Facts): Version[] {
  const fromLog = facts.log.flatMap((entry) =>
    entry.type === "release" && entry.stage === facts.stage ? [entry.version] : [],
  );
  const prefix = gitTag(facts.config.imageName, facts.stage, "" as Version);
  const fromGit = Object.keys(facts.git.tags).map((tag) => tag.slice(prefix.length));
  return [...new Set([...fromLog, ...fromGit])].filter(isVersion);
}

/** A version that was rolled back is not released again by accident (design.md, "what rollback means"). */
export function assertNotRolledBack(facts: Facts, version: Version): void {
  const { stage } = facts;
  const last = facts.log.findLast((entry) => entry.type === "flip" && entry.tag === stage);
  const released = facts.log.find(
    (entry) => entry.type === "release" && entry.stage === stage && entry.version === version,
  );
  if (!last || !released || last.type !== "flip" || last.why !== "rollback" || last.version === version) return;
  throw new UserError(`${version} was rolled back to ${last.version} by ${last.by} on ${last.at.slice(0, 10)}`, {
    why: `${last.reason ? `They said: ${last.reason}. ` : ""}Releasing it again would bring back what was taken out.`,
    fix: `Release the next version, e.g. --version ${bump(version, "patch")}; or point ${stage} at it again: i docker_rollback_${stage} --version ${version}`,
  });
}

/** The log's entry of a digest that is a version above this one: a mutable tag goes down only by a rollback (design.md, step 8). */
export function above(facts: Pick<Facts, "log">, digest: string | null, version: Version) {
  const entry = digest === null ? undefined : lastOf(facts.log, digest);
  return entry && isVersion(entry.version) && compareVersions(entry.version, version) > 0 ? entry : undefined;
}

/**
 * The version above this one that the mutable tag keeps: prod stays where it is when an older one gets a hotfix (design.md,
 * "dev and prod versions"). dev goes down only by a rollback, so there it is refused.
 */
export function keptVersion(facts: Facts, version: Version, seen: readonly (string | null)[]): string | null {
  const higher = seen.map((digest) => above(facts, digest, version)).find((entry) => entry !== undefined);
  if (!higher || facts.stage === "prod") return higher?.version ?? null;
  throw new UserError(`dev is ${higher.version}, and ${version} is lower`, {
    why: `${higher.by} on ${higher.host} moved it to ${higher.version} at ${higher.at}, and dev goes down only by a rollback.`,
    fix: `Release a higher version, or go back on purpose: i docker_rollback_dev --version ${version}`,
  });
}
