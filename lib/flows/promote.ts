import { lacksImage } from "../model/engine.ts";
import type { Facts } from "../model/facts.ts";
import { builtImage, engineImage, releaseTag, requireVersion, versionTag } from "../model/names.ts";
import { assertNotPatched } from "../model/patched.ts";
import { cmd, type Digest, type Step, step, type Word } from "../model/plan.ts";
import type { ReleaseStage } from "../model/stage.ts";
import type { Version } from "../model/version.ts";
import { claimed, lookAtTargets } from "./claimed.ts";
import { assertPassed } from "./gates.ts";
import { publish, tell } from "./publish.ts";
import { publishedDigest, push, releasedDigest, sourcePlace } from "./push.ts";
import { assertMayRelease, assertNotRolledBack } from "./release_rules.ts";
import { smokeTests } from "./smoke.ts";
import { assertClean } from "./tests.ts";

/**
 * What the engine calls an image: its id there, else the registry's name for it, under which it can be pulled. The
 * classic store does not know an image by its manifest's digest.
 */
export function engineName(facts: Facts, image: Digest, version: Version): Word {
  if (typeof image !== "string") return image;
  const known = facts.engine.images.find(({ digests }) => digests.includes(image));
  return known?.id ?? `${sourcePlace(facts, versionTag(facts, version)).repository}@${image}`;
}

/** Whether the engine has an image; one that an earlier step builds it will have. An image that only a registry has gets no name there. */
const isInEngine = (facts: Facts, image: Digest): boolean =>
  typeof image !== "string" || facts.engine.images.some(({ id, digests }) => id === image || digests.includes(image));

/** The step that gives a tested image its released names in the engine. */
const tagStep = { dev: "tag_local_as_dev", prod: "tag_prod" } as const satisfies Record<ReleaseStage, string>;

/** Tags the tested image dev-X.Y.Z and dev (or prod) in the engine, and its commit in Git with an annotated tag. */
export function tagTested(facts: Facts, image: Digest, version: Version): Step[] {
  const { stage } = facts;
  const tag = releaseTag(facts, version);
  const { commit } = facts.git;
  const local = facts.git.tags[tag];
  const pushed = facts.remoteTags[tag];
  const replaces = local && !pushed && local !== commit ? { replaces: local } : {};
  const name = engineName(facts, image, version);
  return [
    step(
      tagStep[stage],
      `Tag ${builtImage(facts, version)} as ${stage}-${version} and ${stage}`,
      [
        cmd`docker tag ${name} ${engineImage(facts, stage, version)}`,
        cmd`docker tag ${name} ${engineImage(facts, stage)}`,
      ],
      { skip: isInEngine(facts, image) ? null : "the engine does not have it" },
    ),
    step(
      "git_tag",
      `Create the Git tag ${tag}`,
      [{ kind: "git_ref", op: "tag", tag, commit, message: `Release ${tag}`, ...replaces }],
      {
        yields: "git_tag",
        skip: pushed ? `it was pushed at ${pushed.slice(0, 12)}` : local === commit ? "the tag is there" : null,
      },
    ),
  ];
}

/** docker_tag_local_as_dev alone: the local image must be there and its gates passed, or --skip-tests says otherwise. */
export function tagLocalAsDev(facts: Facts, options: { readonly skipTests: boolean }): Step[] {
  const version = requireVersion(facts);
  assertClean(facts);
  const image = imageInEngine(facts, engineImage(facts, "local", version), `i docker_build_local --version ${version}`);
  const skips = assertPassed(facts, { version, image, skipTests: options.skipTests });
  return [...tagTested(facts, image, version), ...skips];
}

/** docker_tag_push_multi_build_local_as_dev: both at once for an index, whose emulated platforms are started first. */
export function tagPushLocalAsDev(facts: Facts, options: { readonly skipTests: boolean }): Step[] {
  const version = requireVersion(facts);
  const reference = engineImage(facts, "local", version);
  const image = imageInEngine(facts, reference, `i docker_build_local --multi-arch --version ${version}`);
  const chosen = { reference, tag: "", stage: "local", version, local: null } as const;
  const smoke = smokeTests(facts, { version, image, what: image, chosen, again: false });
  return [...smoke, ...tagLocalAsDev(facts, options), ...pushTested(facts, image, version)];
}

/** docker_push_dev alone: pushes what was tagged, to all registries, and points dev at it. */
export function pushDev(facts: Facts): Step[] {
  const version = requireVersion(facts);
  assertNotRolledBack(facts, version);
  const image =
    releasedDigest(facts, versionTag(facts, version)) ??
    imageInEngine(facts, engineImage(facts, "dev", version), `i docker_tag_local_as_dev --version ${version}`);
  return pushTested(facts, image, version);
}

/** docker_push_prod alone: as docker_push_dev, for an image whose gates have passed. */
export function pushProd(facts: Facts, options: { readonly skipTests: boolean }): Step[] {
  const version = requireVersion(facts);
  assertMayRelease(facts, version);
  const image =
    releasedDigest(facts, versionTag(facts, version)) ??
    imageInEngine(facts, engineImage(facts, "prod", version), `i docker_build_prod --version ${version}`);
  const skips = assertPassed(facts, { version, image, skipTests: options.skipTests });
  return [...tagTested(facts, image, version), ...skips, ...pushTested(facts, image, version)];
}

function pushTested(facts: Facts, image: string, version: Version): Step[] {
  return [
    lookAtTargets(facts),
    ...claimed(facts, version, [
      ...push(facts, image, version),
      ...publish(facts, publishedDigest(facts, image, version), version),
    ]),
    tell(facts, publishedDigest(facts, image, version), { version, untested: [] }),
  ];
}

/** The digest of an image that must be in the engine; `fix` is the line that makes it. */
export function imageInEngine(facts: Facts, reference: string, fix: string): string {
  const found = facts.engine.images.find((image) => image.reference === reference);
  assertNotPatched(found);
  if (found) return found.id;
  throw lacksImage(facts.engine, reference, {
    why: "This step works on an image that an earlier one makes.",
    fix: `First type: ${fix}`,
  });
}
