import { formerInputs, imageLabels, isOfSameSource, isSameBuild } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { builtImage, isIndex, versionTag } from "../names/names.ts";
import { assertNotPatched } from "../names/patched.ts";
import { bump, type Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { assertSameImage } from "./agreement.ts";
import { releasedDigest } from "./push.ts";

/** Where the image of a version is found; of one in a registry, whether the engine has it too. */
export type Found =
  | { readonly where: "registry"; readonly digest: string; readonly pulled: boolean }
  | { readonly where: "engine"; readonly digest: string }
  | { readonly where: null; readonly digest: null };

/** The image, if it exists: in a registry, if it comes from this run's source; in the engine, if it is built on the same bases too. */
export function findImage(facts: Facts<"engine" | "registries" | "log" | "inputs">, version: Version): Found {
  const mode = facts.stage === "prod" ? "prod" : "no_update";
  const [labels, former] = [imageLabels(facts, version, mode), formerInputs(facts, mode)];
  const inEngine = (digest: string) => facts.engine.images.some(({ digests }) => digests.includes(digest));
  const tag = versionTag(facts, version);
  const published = releasedDigest(facts, version);
  if (published) {
    const theirs = facts.targets
      .map(({ name }) => facts.registries[name]?.[tag])
      .find((state) => state?.state === "found" && state.digest === published);
    const found = theirs?.state === "found" ? (theirs.labels ?? {}) : {};
    const platform = theirs?.state === "found" ? theirs.platform : undefined;
    if (isIndex(facts) && platform !== undefined) throw isNoIndex(facts, version, platform);
    if (!isOfSameSource(found, labels, former))
      throw builtBefore(facts, version, found["org.opencontainers.image.revision"]);
    return { where: "registry", digest: published, pulled: inEngine(published) };
  }
  assertNotPatched(facts.engine.images.find(({ reference }) => reference === builtImage(facts, version)));
  const local = facts.engine.images.find(
    (image) => image.reference === builtImage(facts, version) && isSameBuild(image.labels, labels, former),
  );
  assertSameImage(facts, version, local ? [local.id, ...local.digests] : []);
  return local ? { where: "engine", digest: local.id } : { where: null, digest: null };
}

const isNoIndex = (facts: Facts, version: Version, platform: string): UserError =>
  new UserError(
    `${versionTag(facts, version)} is one image of ${platform}, not an index of ${facts.platforms.join(" and ")}`,
    {
      why: "A version names what was tested, on every platform; an engine that lacks content of one pushes the others alone.",
      fix: `If nobody uses it, remove the tag in its registry by hand and run the same command again; else release the next one: --version ${bump(version, "patch")}`,
      kind: "drift",
    },
  );

const builtBefore = (facts: Facts, version: Version, revision: string | undefined): UserError =>
  new UserError(`${versionTag(facts, version)} was already built from ${revision?.slice(0, 12) ?? "another source"}`, {
    why: "A version always names the same image, and this build would be a different one.",
    fix: `Release the next one: add its entry and --version ${bump(version, "patch")}`,
  });
