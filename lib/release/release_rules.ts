import { assertContext } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { placeholderAccount } from "../git/git_remote.ts";
import { assertReleasable, parseChangelog } from "../names/changelog.ts";
import { assertEngine, plugins } from "../names/engine.ts";
import { lastOf } from "../names/log.ts";
import { rolledBack } from "../names/releases.ts";
import { gitTag } from "../names/stage.ts";
import { bump, compareVersions, highest, isVersion, majorMinor, type Version } from "../names/version.ts";
import type { AllFacts, Facts } from "../plan/facts.ts";
import { assertClean } from "../tests/tests.ts";
import { dayOf } from "../text/units.ts";
import { assertAsLogged } from "./agreement.ts";

/** Rules that need no look at an image: design.md, step 1. */
export function assertMayRelease(facts: Facts<"engine" | "registries" | "log" | "inputs">, version: Version): void {
  if (facts.config.release.none)
    throw new UserError(`${facts.config.imageName} is not released`, {
      why: "repo_config.yaml says release: none, a container built on the fly.",
      fix: "Use it with i docker_build_local, or remove release: none",
    });
  assertFilledIn(facts);
  parseChangelog(facts.changelogText ?? "", facts.config.imageName, "changelog.txt", dayOf(facts.now));
  assertReleasable(version, {
    entries: facts.changelog,
    stage: facts.stage,
    policy: facts.config.release.changelogUpdate,
    released: releasedVersions(facts).filter((one) => one !== version && isInLine(facts, one, version)),
  });
  assertNotRolledBack(facts, version);
  assertBase(facts, version);
  assertClean(facts);
  assertContext(facts);
  if (facts.git.shallow)
    throw new UserError("the clone is shallow", {
      why: "The commit that last changed the image's inputs is read from the history.",
      fix: "git fetch --unshallow",
      kind: "shallow",
    });
  assertEngine(facts.engine, plugins);
}

/** What the template has in places that only the team can fill is not released. */
function assertFilledIn({ config, git, targets }: Facts): void {
  const registry = targets.find(({ address }) => address.split("/").includes(placeholderAccount));
  if (registry)
    throw new UserError(`${registry.name} is ${registry.address} in repo_config.yaml, which the template has there`, {
      why: "An image is pushed to a registry of yours.",
      fix: `Write its address below container_registry_info: ${registry.name}: ADDRESS`,
    });
  if (!config.isPlaceholder || git.remote) return;
  throw new UserError(
    `github_repo_account is ${placeholderAccount} in repo_config.yaml, which the template has there`,
    {
      why: "A released image says where its code is, and there is no Git remote that would tell.",
      fix: "Write the account below repo_info, or add the remote: git remote add origin URL",
    },
  );
}

export type PushOptions = { readonly allowUnpushed?: boolean };

/** Refuses a commit that only this clone has: its tag would bring it to everybody, on no branch and unseen. */
export function assertPushed({ unpushed, git }: Facts<"log">, { allowUnpushed }: PushOptions): void {
  if (unpushed === null || allowUnpushed) return;
  const { name = "the remote" } = git.remote ?? {};
  throw new UserError(`${name} does not have the commit ${git.commit.slice(0, 12)} on its branch ${unpushed.branch}`, {
    why: "Only code that everybody has is released; a commit that stays here could change or get lost after its release.",
    fix: `Push it: ${unpushed.line}; or release it all the same: --allow-unpushed`,
    kind: "unpushed",
  });
}

/** Versions that only go forward: all of dev, and those of one major.minor of prod, where an older one may get a hotfix. */
const isInLine = (facts: Facts, one: Version, version: Version): boolean =>
  facts.stage === "dev" || majorMinor(one) === majorMinor(version);

/** A prod image stands on a released dev image of its own major.minor (design.md, "dev and prod versions"). */
export function assertBase(facts: Facts<"registries" | "log" | "inputs">, version: Version): void {
  if (facts.stage === "dev") return;
  const { base } = facts.inputs;
  const generation = majorMinor(version);
  const isFitting = base !== null && majorMinor(base.version) === generation;
  if (isFitting) assertAsLogged({ ...facts, stage: "dev" }, base.version);
  if (isFitting) return;
  const devs = releasedVersions({ ...facts, stage: "dev" }).sort(compareVersions);
  const out = devs.filter((one) => majorMinor(one) === generation && rolledBack(facts.log, "dev", one));
  const isOut = !base && out.length > 0;
  throw new UserError(
    base
      ? `prod ${version} cannot be built on dev ${base.version}`
      : `prod ${version} has no dev ${generation} to build on`,
    {
      why: `dev and prod keep major.minor equal, and ${base ? `${base.version} is not ${generation}` : `released as dev are ${devs.join(", ") || "none"}`}${isOut ? `, but ${out.join(", ")} was rolled back` : ""}.`,
      fix: isOut
        ? `Release the next one: i docker_release_dev --version ${bump(highest(out) ?? version, "patch")}; or build on it anyway: --dev-version ${highest(out)}`
        : `Release it first: i docker_release_dev --version ${generation}.0; or release prod ${devs.at(-1) ?? "X.Y.Z"}`,
    },
  );
}

/** Refuses a version whose pushed Git tag names a commit from before what would be built now. */
export function assertTagFits(facts: Facts<"log" | "inputs">, version: Version): void {
  const tag = gitTag(facts.config.imageName, facts.stage, version);
  const tagged = facts.remoteTags[tag];
  if (!tagged || !(tag in facts.git.tags) || facts.inputs.tagged.includes(tag)) return;
  throw new UserError(`the Git tag ${tag} names ${tagged.slice(0, 12)}, and the image's files have changed since`, {
    why: "A release tag names the commit that was tested, and never moves.",
    fix: `Release the next one: add its entry and --version ${bump(version, "patch")}`,
  });
}

/** The versions of the stage that the log or a Git tag knows, one of this clone or of the remote. */
export function releasedVersions(facts: Facts<"log">): Version[] {
  const fromLog = facts.log.flatMap((entry) =>
    entry.type === "release" && entry.stage === facts.stage ? [entry.version] : [],
  );
  const prefix = gitTag(facts.config.imageName, facts.stage, "" as Version);
  const tags = Object.keys({ ...facts.git.tags, ...facts.remoteTags }).filter((tag) => tag.startsWith(prefix));
  const fromGit = tags.map((tag) => tag.slice(prefix.length));
  return [...new Set([...fromLog, ...fromGit])].filter(isVersion);
}

/** A version that was rolled back is not released again by accident (design.md, "what rollback means"). */
export function assertNotRolledBack(facts: Facts<"log">, version: Version): void {
  const { stage } = facts;
  const back = rolledBack(facts.log, stage, version);
  if (!back) return;
  throw new UserError(`${version} was rolled back to ${back.version} by ${back.by} on ${back.at.slice(0, 10)}`, {
    why: `${back.reason ? `They said: ${back.reason}. ` : ""}Releasing it again would bring back what was rolled back.`,
    fix: `Release the next version, e.g. --version ${bump(version, "patch")}; or point ${stage} at it again: i docker_rollback_${stage} --version ${version}`,
  });
}

type Current = { readonly version: Version; readonly says: string };

type Moved = Pick<AllFacts, "log" | "registries" | "stage" | "moving">;

/**
 * The version that the image behind the stage's mutable tag is, by the log, else by its own label; not while it is moved, when
 * who moves it is waited for first.
 */
function currentOf(facts: Moved, digest: string): Current | null {
  const { stage } = facts;
  const entry = lastOf(facts.log, digest);
  if (entry)
    return isVersion(entry.version)
      ? { version: entry.version, says: `${entry.by} on ${entry.host} moved it to ${entry.version} at ${entry.at}` }
      : null;
  if (facts.moving) return null;
  const states = Object.values(facts.registries).map((tags) => tags[stage]);
  const named = states.flatMap((state) =>
    state?.state === "found" && state.digest === digest
      ? (state.labels?.["org.opencontainers.image.version"] ?? [])
      : [],
  )[0];
  if (!named || !isVersion(named)) return null;
  return { version: named, says: `The label of its image says ${named}, which the log does not know` };
}

/** What the mutable tag is where that is a version above this one: it goes down only by a rollback (design.md, step 8). */
export function above(facts: Moved, digest: string | null, version: Version): Current | undefined {
  const current = digest === null ? null : currentOf(facts, digest);
  return current && compareVersions(current.version, version) > 0 ? current : undefined;
}

/** The highest version that is tagged in Git, for an image that neither log nor label names. */
function highestTagged(
  facts: Facts<"registries" | "log">,
  digest: string | null,
  version: Version,
): Current | undefined {
  if (digest === null || facts.moving || lastOf(facts.log, digest) || currentOf(facts, digest)) return undefined;
  const top = highest(releasedVersions(facts));
  if (!top || compareVersions(top, version) <= 0) return undefined;
  return { version: top, says: `Neither log nor label names the image that it is, and ${top} is released` };
}

/**
 * The version above this one that the mutable tag keeps: prod stays where it is when an older one gets a hotfix (design.md,
 * "dev and prod versions"). dev goes down only by a rollback, so there it is refused.
 */
export function keptVersion(
  facts: Facts<"registries" | "log">,
  version: Version,
  seen: readonly (string | null)[],
): string | null {
  const higher = seen
    .map((digest) => above(facts, digest, version) ?? highestTagged(facts, digest, version))
    .find((current) => current !== undefined);
  if (!higher || facts.stage === "prod") return higher?.version ?? null;
  throw new UserError(`dev is ${higher.version}, and ${version} is lower`, {
    why: `${higher.says}, and dev goes down only by a rollback.`,
    fix: `Release a higher version, or go back on purpose: i docker_rollback_dev --version ${version}`,
  });
}
