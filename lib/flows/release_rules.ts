import { assertReleasable, parseChangelog } from "../model/changelog.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { lastOf } from "../model/log.ts";
import { gitTag } from "../model/stage.ts";
import { bump, compareVersions, isVersion, type Version } from "../model/version.ts";
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
    stage: "dev",
    policy: facts.config.release.changelogUpdate,
    released: releasedVersions(facts).filter((one) => one !== version),
  });
  assertNotRolledBack(facts, version);
  assertClean(facts);
  if (facts.git.shallow)
    throw new UserError("the clone is shallow", {
      why: "The commit that last changed the image's inputs is read from the history.",
      fix: "git fetch --unshallow",
    });
  const { engine } = facts;
  if (!engine.up)
    throw new UserError("no Docker engine answers", {
      why: `${engine.why}.`,
      fix: "Start Docker, or a private engine: i engine up",
      kind: "engine",
    });
}

/** Refuses a version whose pushed Git tag names a commit from before what would be built now. */
export function assertTagFits(facts: Facts, version: Version): void {
  const tag = gitTag(facts.config.imageName, "dev", version);
  const tagged = facts.remoteTags[tag];
  if (!tagged || !(tag in facts.git.tags) || facts.inputs.tagged.includes(tag)) return;
  throw new UserError(`the Git tag ${tag} names ${tagged.slice(0, 12)}, and the image's files have changed since`, {
    why: "A tag of a release names the commit that was tested, and never moves.",
    fix: `Release the next one: add its entry and --version ${bump(version, "patch")}`,
  });
}

/** The dev versions that the log or a Git tag knows. */
export function releasedVersions(facts: Facts): Version[] {
  const fromLog = facts.log.flatMap((entry) =>
    entry.type === "release" && entry.stage === "dev" ? [entry.version] : [],
  );
  const prefix = `${facts.config.imageName}-`;
  const fromGit = Object.keys(facts.git.tags).map((tag) => tag.slice(prefix.length));
  return [...new Set([...fromLog, ...fromGit])].filter(isVersion);
}

/** A version that was rolled back is not released again by accident (design.md, "what rollback means"). */
export function assertNotRolledBack(facts: Facts, version: Version): void {
  const last = facts.log.findLast((entry) => entry.type === "flip" && entry.tag === "dev");
  const released = facts.log.find((entry) => entry.type === "release" && entry.version === version);
  if (!last || !released || last.type !== "flip" || last.why !== "rollback" || last.version === version) return;
  throw new UserError(`${version} was rolled back to ${last.version} by ${last.by} on ${last.at.slice(0, 10)}`, {
    why: `${last.reason ? `They said: ${last.reason}. ` : ""}Releasing it again would bring back what was taken out.`,
    fix: `Release the next version, e.g. --version ${bump(version, "patch")}; or point dev at it again: i docker_rollback_dev --version ${version}`,
  });
}

/** The log's entry of a digest that is a version above this one: a mutable tag goes down only by a rollback (design.md, step 8). */
export function above(facts: Pick<Facts, "log">, digest: string | null, version: Version) {
  const entry = digest === null ? undefined : lastOf(facts.log, digest);
  return entry && isVersion(entry.version) && compareVersions(entry.version, version) > 0 ? entry : undefined;
}

/** Refuses to point dev at a version below the one that it is. */
export function assertNotBelow(facts: Facts, version: Version, seen: readonly (string | null)[]): void {
  const higher = seen.map((digest) => above(facts, digest, version)).find((entry) => entry !== undefined);
  if (!higher) return;
  throw new UserError(`dev is ${higher.version}, and ${version} is lower`, {
    why: `${higher.by} on ${higher.host} moved it to ${higher.version} at ${higher.at}, and dev goes down only by a rollback.`,
    fix: `Release a higher version, or go back on purpose: i docker_rollback_dev --version ${version}`,
  });
}
