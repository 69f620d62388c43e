import { UserError } from "../errors.ts";
import { requireVersion, versionTag } from "../names/names.ts";
import { chooseBase } from "../names/releases.ts";
import { compareVersions, type Version } from "../names/version.ts";
import type { BaseImage, ReleaseFacts } from "../plan/facts.ts";
import { type Group, group, renamed, type Step, step, type Value } from "../plan/plan.ts";
import { passedAt } from "../tests/tests.ts";
import { assertTagAgrees } from "./agreement.ts";
import { releasedDigest, taggedDigest } from "./push.ts";
import { type ReleaseOptions, type Releasing, release, releasesDigest } from "./release.ts";
import { assertNotRolledBack } from "./release_rules.ts";

/** What prod is planned from beside the facts of dev: what its image is built from, and who holds its claim. */
export type ProdLook = { readonly prod: Pick<ReleaseFacts, "inputs" | "claim"> };

/**
 * Dev and then prod of one version, each as it is released alone. Prod stands on the digest that dev has, or gets: so all of it is
 * planned before anything is done.
 */
export function releaseAll(dev: Releasing & ProdLook, options: ReleaseOptions): (Step | Group)[] {
  const version = requireVersion(dev);
  assertIsNewest(dev, version);
  const isDone = isReleased(dev, version);
  const steps = isDone ? [] : release(dev, options);
  if (!isDone) assertIsPushed(dev, version, options);
  const digest = isDone ? (releasedDigest(dev, version) ?? "") : releasesDigest(dev, version);
  const ofProd = renamed(release(prodOn(dev, digest), options), (id) => (id.includes("prod") ? id : `prod_${id}`));
  return [
    isDone
      ? step("release_dev", `Release dev ${version}`, [], { skip: "it is released" })
      : group("release_dev", `Release dev ${version}`, steps, { onFailure: "stop" }),
    group("release_prod", `Release prod ${version}`, ofProd, { onFailure: "stop" }),
  ];
}

/** The facts of prod, whose image stands on this digest of dev. */
function prodOn(dev: Releasing & ProdLook, digest: Value): Releasing {
  const { inputs, claim } = dev.prod;
  const base: BaseImage | null = inputs.base && { ...inputs.base, digest };
  return { ...dev, stage: "prod", inputs: { ...inputs, base }, claim };
}

/** Whether every target has the version as dev, the log its release, and nobody a claim. */
function isReleased(dev: Releasing, version: Version): boolean {
  const tag = versionTag(dev, version);
  const isEverywhere = dev.targets.every(({ name }) => dev.registries[name]?.[tag]?.state === "found");
  const isRecorded = dev.log.some(
    (entry) => entry.type === "release" && entry.stage === "dev" && entry.version === version,
  );
  if (!isEverywhere || !isRecorded || dev.claim !== null) return false;
  assertNotRolledBack(dev, version);
  assertTagAgrees(dev, version, passedAt(dev, releasedDigest(dev, version) ?? null));
  return true;
}

/** Prod of its own stands on the newest dev of its major.minor, and here on the dev of the same version. */
function assertIsNewest(dev: Releasing, version: Version): void {
  const newest = chooseBase(version, dev.log, undefined);
  if (!newest || compareVersions(newest.version, version) <= 0) return;
  throw new UserError(`prod ${version} would be built on dev ${newest.version}, ${newest.why}`, {
    why: "docker_release_all releases prod from the dev image of the same version.",
    fix: `Name it: i docker_release_prod --version ${version} --dev-version ${version}`,
  });
}

/** A prod image is built on what a registry has. */
function assertIsPushed(dev: Releasing, version: Version, { pushToRepo }: ReleaseOptions): void {
  if (pushToRepo || taggedDigest(dev, versionTag(dev, version)) !== undefined) return;
  throw new UserError(`--no-push-to-repo leaves prod ${version} no dev image to be built on`, {
    why: "A prod image is built on the dev image that a registry has, by its digest.",
    fix: `Try dev alone: i docker_release_dev --version ${version} --no-push-to-repo; or release both without --no-push-to-repo`,
  });
}
