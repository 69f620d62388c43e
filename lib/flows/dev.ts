import { claimRef } from "../model/claim.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { engineImage, requireVersion, targetPlaces } from "../model/names.ts";
import { cmd, type Digest, type Place, type Step, step, type Word } from "../model/plan.ts";
import { gitTag } from "../model/stage.ts";
import type { Version } from "../model/version.ts";
import { assertPassed } from "./gates.ts";
import { publish, tell } from "./publish.ts";
import { assertNotRolledBack } from "./release_rules.ts";
import { assertClean } from "./tests.ts";

/**
 * What the engine calls an image: its id there, else the registry's name for it, under which it can be pulled. The
 * classic store does not know an image by its manifest's digest.
 */
export function engineName(facts: Facts, image: Digest, version: Version): Word {
  if (typeof image !== "string") return image;
  const known = facts.engine.images.find(({ digests }) => digests.includes(image));
  return known?.id ?? `${sourcePlace(facts, `dev-${version}`).repository}@${image}`;
}

/** Tags the tested image dev-X.Y.Z and dev in the engine, and its commit in Git with an annotated tag. */
export function tagLocalAsDev(facts: Facts, image: Digest, version: Version): Step[] {
  const tag = gitTag(facts.config.imageName, "dev", version);
  const { commit } = facts.git;
  const local = facts.git.tags[tag];
  const pushed = facts.remoteTags[tag];
  const replaces = local && !pushed && local !== commit ? { replaces: local } : {};
  const name = engineName(facts, image, version);
  return [
    step("tag_local_as_dev", `Tag ${engineImage(facts, "local", version)} as dev-${version} and dev`, [
      cmd`docker tag ${name} ${engineImage(facts, "dev", version)}`,
      cmd`docker tag ${name} ${engineImage(facts, "dev")}`,
    ]),
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
export function tagTestedLocalAsDev(facts: Facts, options: { readonly skipTests: boolean }): Step[] {
  const version = requireVersion(facts);
  assertClean(facts);
  const image = imageInEngine(facts, engineImage(facts, "local", version), `i docker_build_local --version ${version}`);
  const skips = assertPassed(facts, { version, image, skipTests: options.skipTests });
  return [...tagLocalAsDev(facts, image, version), ...skips];
}

/** docker_push_dev alone: pushes what was tagged, to all registries, and points dev at it. */
export function pushTaggedDev(facts: Facts): Step[] {
  const version = requireVersion(facts);
  assertNotRolledBack(facts, version);
  const released = releasedDigest(facts, `dev-${version}`);
  const image =
    released ??
    imageInEngine(facts, engineImage(facts, "dev", version), `i docker_tag_local_as_dev --version ${version}`);
  const ref = claimRef(facts.config.release.refPrefix, gitTag(facts.config.imageName, "dev", version));
  return [
    step("preflight", "Look at the right to push", [
      { kind: "check", what: "flip" },
      { kind: "check", what: "push", places: targetPlaces(facts) },
    ]),
    step("claim", `Claim ${version}`, [{ kind: "git_ref", op: "claim", ref }], { yields: "claim" }),
    ...pushDev(facts, image, version),
    ...publish(facts, publishedDigest(facts, image, version), version),
    step("release_claim", "Give the claim back", [{ kind: "git_ref", op: "release_claim", ref }]),
    tell(facts, publishedDigest(facts, image, version), { version, untested: [] }),
  ];
}

/** The digest of an image that must be in the engine; `fix` is the line that makes it. */
export function imageInEngine(facts: Facts, reference: string, fix: string): string {
  const found = facts.engine.images.find((image) => image.reference === reference);
  if (found) return found.id;
  throw new UserError(`the engine has no ${reference}`, {
    why: facts.engine.up ? "This step works on an image that an earlier one makes." : `${facts.engine.why}.`,
    fix: `First type: ${fix}`,
  });
}

/** The digest that a registry shows behind a version's tag; undefined where none has it. Two registries that differ are refused. */
export function releasedDigest(facts: Facts, tag: string): string | undefined {
  const found = facts.targets.flatMap(({ name }) => {
    const state = facts.registries[name]?.[tag];
    return state?.state === "found" ? [{ name, digest: state.digest }] : [];
  });
  const other = found.find(({ digest }) => digest !== found[0]?.digest);
  if (!other) return found[0]?.digest;
  throw new UserError(`${tag} is ${found[0]?.digest} in ${found[0]?.name}, but ${other.digest} in ${other.name}`, {
    why: "A version is one image in every registry; one of them was pushed from elsewhere.",
    fix: `See which one was tested: i release_history; then remove the other tag in its registry by hand`,
    kind: "drift",
  });
}

const has = (facts: Facts, place: Place, tag: string): boolean =>
  facts.registries[place.registry]?.[tag]?.state === "found";

/** The registry that the others are copied from: one that has the version already, else the first target. */
export const sourcePlace = (facts: Facts, tag: string): Place =>
  targetPlaces(facts).find((place) => has(facts, place, tag)) ?? firstTarget(facts);

/** What a tested image is called in registries: itself, but in the classic store its manifest's digest, known after the push. */
export const publishedDigest = (facts: Facts, tested: Digest, version: Version): Digest =>
  facts.engine.store === "classic" && !releasedDigest(facts, `dev-${version}`) ? { digest: "@image" } : tested;

/** Pushes dev-X.Y.Z to the first registry and reads it back, copies it by digest to the others, pushes the Git tag. */
export function pushDev(facts: Facts, tested: Digest, version: Version): Step[] {
  const tag = `dev-${version}`;
  const places = targetPlaces(facts);
  const source = sourcePlace(facts, tag);
  const image = publishedDigest(facts, tested, version);
  const isRenamed = image !== tested || facts.engine.store === "classic";
  const pushed = has(facts, source, tag);
  const others = places.filter(({ registry }) => registry !== source.registry);
  const reference = `${source.repository}:${tag}`;
  const readBack = {
    kind: "verify_digest",
    tag,
    digest: image,
    places: [source],
    ...(isRenamed ? { tested } : {}),
  } as const;
  const retag =
    engineImage(facts, "dev", version) === reference
      ? []
      : [cmd`docker tag ${engineName(facts, tested, version)} ${reference}`];
  const gitName = gitTag(facts.config.imageName, "dev", version);
  const commit = facts.remoteTags[gitName] ?? facts.git.commit;
  return [
    step(
      "push_dev",
      `Push ${facts.config.imageName}:${tag} to ${source.registry}`,
      [{ ...readBack, mayBeAbsent: true }, ...retag, cmd`docker push ${reference}`, readBack],
      {
        yields: isRenamed ? "image" : null,
        skip: pushed ? `${source.registry} has ${tag}` : null,
      },
    ),
    step(
      "copy_to_others",
      `Copy ${tag} to ${others.map(({ registry }) => registry).join(", ") || "no other registry"}`,
      [{ kind: "copy_image", digest: image, tag, from: source, to: others }],
      {
        skip:
          others.length === 0
            ? "there is one registry"
            : pushed && others.every((place) => has(facts, place, tag))
              ? "all have it"
              : null,
      },
    ),
    step("push_git_tag", `Push the Git tag ${gitName}`, [{ kind: "git_ref", op: "push_tag", tag: gitName, commit }], {
      skip: !facts.git.remote ? "the repo has no remote" : facts.remoteTags[gitName] ? "the remote has it" : null,
    }),
  ];
}

/** The first target: it gets the image from the engine, all others from it. */
function firstTarget(facts: Facts): Place {
  const [first] = targetPlaces(facts);
  if (first) return first;
  throw new UserError("no registry is configured", {
    why: "A release pushes to the registries of container_registry_info.",
    fix: "Add one to repo_config.yaml, e.g. container_registry_info: {ghcr: ghcr.io/acme}",
  });
}
