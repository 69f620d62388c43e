import { UserError } from "../errors.ts";
import { cmd } from "../kinds/command.ts";
import { lacksImage } from "../names/engine.ts";
import { builtImage, engineImage, releaseTag, requireVersion, tagMessage, versionTag } from "../names/names.ts";
import { assertOfCommit } from "../names/patched.ts";
import { testsOf } from "../names/releases.ts";
import type { ReleaseStage } from "../names/stage.ts";
import { isVersion, type Version } from "../names/version.ts";
import type { BaseImage, Facts, LocalImage, PushFacts } from "../plan/facts.ts";
import { type Step, step, type Value } from "../plan/plan.ts";
import { shown } from "../plan/render_plan.ts";
import { assertPassed, assertTested } from "../tests/gates.ts";
import { smokeTests } from "../tests/smoke.ts";
import { assertClean, namesOf, passedAt } from "../tests/tests.ts";
import { assertSameImage, assertTagAgrees } from "./agreement.ts";
import { claimed, lookAtTargets } from "./claimed.ts";
import { gitTag } from "./git_tag.ts";
import { publish, tell } from "./publish.ts";
import { publishedDigest, push, releasedDigest, sourcePlace } from "./push.ts";
import { assertMayRelease, assertNotRolledBack, assertPushed, type PushOptions } from "./release_rules.ts";

/**
 * What the engine calls an image: its id there, else the registry's name for it, under which it can be pulled. The
 * classic store does not know an image by its manifest's digest.
 */
export function engineName(facts: Facts<"engine" | "registries">, image: Value, version: Version): Value {
  if (typeof image !== "string") return image;
  const known = facts.engine.images.find(({ digests }) => digests.includes(image));
  return known?.id ?? `${sourcePlace(facts, versionTag(facts, version)).repository}@${image}`;
}

/** Whether the engine has an image; one that an earlier step builds it will have. An image that only a registry has gets no name there. */
const isInEngine = (facts: Facts<"engine">, image: Value): boolean =>
  typeof image !== "string" || facts.engine.images.some(({ id, digests }) => id === image || digests.includes(image));

/** The step that gives a tested image its released names in the engine. */
const tagStep = { dev: "tag_local_as_dev", prod: "tag_prod" } as const satisfies Record<ReleaseStage, string>;

/** Tags the tested image dev-X.Y.Z and dev (or prod) in the engine, and its commit in Git with an annotated tag. */
export function tagTested(facts: PushFacts, image: Value, version: Version): Step[] {
  const { stage } = facts;
  const tag = releaseTag(facts, version);
  const { commit } = facts.git;
  const local = facts.git.tags[tag];
  const pushed = facts.remoteTags[tag];
  const replaces = local && !pushed && local !== commit ? { replaces: local } : {};
  const name = engineName(facts, image, version);
  const names = [engineImage(facts, stage, version), engineImage(facts, stage)];
  const isIt = ({ id, digests }: LocalImage) => typeof image === "string" && [id, ...digests].includes(image);
  const hasNames = names.every((one) => facts.engine.images.some((each) => each.reference === one && isIt(each)));
  return [
    step(
      tagStep[stage],
      `Tag ${builtImage(facts, version)} as ${stage}-${version} and ${stage}`,
      names.map((one) => cmd`docker tag ${name} ${one}`),
      { skip: hasNames ? "it has these names" : isInEngine(facts, image) ? null : "the engine does not have it" },
    ),
    step("git_tag", `Create the Git tag ${tag}`, [gitTag({ tag, commit, message: tagMessage(tag), ...replaces })], {
      skip: pushed ? `it was pushed at ${pushed.slice(0, 12)}` : local === commit ? "the tag is there" : null,
    }),
  ];
}

/** docker_tag_local_as_dev alone: the local image must be there and its gates passed, or --skip-tests says otherwise. */
export function tagLocalAsDev(facts: PushFacts, options: { readonly skipTests: boolean }): Step[] {
  const version = requireVersion(facts);
  assertClean(facts);
  const image = imageInEngine(facts, engineImage(facts, "local", version), `i docker_build_local --version ${version}`);
  assertAgrees(facts, image, version);
  const skips = assertPassed(facts, { version, image, skipTests: options.skipTests });
  return [...tagTested(facts, image, version), ...skips];
}

/** docker_tag_push_multi_build_local_as_dev: both at once for an index, whose emulated platforms are started first. */
export function tagPushLocalAsDev(facts: PushFacts, options: PushOptions & { readonly skipTests: boolean }): Step[] {
  const version = requireVersion(facts);
  assertPushed(facts, options);
  const reference = engineImage(facts, "local", version);
  const image = imageInEngine(facts, reference, `i docker_build_local --multi-arch --version ${version}`);
  const chosen = { reference, tag: "", stage: "local", version, local: null } as const;
  const smoke = smokeTests(facts, { version, image, what: image, chosen, again: false });
  return [...smoke, ...tagLocalAsDev(facts, options), ...pushTested(facts, { image, version, base: null })];
}

/** docker_push_dev alone: pushes what was tagged, to all registries, and points dev at it. */
export function pushDev(facts: PushFacts, options: PushOptions): Step[] {
  const version = requireVersion(facts);
  assertPushed(facts, options);
  assertNotRolledBack(facts, version);
  const image =
    releasedDigest(facts, version) ??
    imageInEngine(facts, engineImage(facts, "dev", version), `i docker_tag_local_as_dev --version ${version}`);
  assertTagged(facts, version);
  assertAgrees(facts, image, version);
  assertTested(facts, image, version);
  return pushTested(facts, { image, version, base: null });
}

/** docker_push_prod alone: as docker_push_dev, for an image whose gates have passed. */
export function pushProd(
  facts: Facts<"engine" | "registries" | "log" | "inputs">,
  options: PushOptions & { readonly skipTests: boolean },
): Step[] {
  const version = requireVersion(facts);
  assertMayRelease(facts, version);
  assertPushed(facts, options);
  const image =
    releasedDigest(facts, version) ??
    imageInEngine(facts, engineImage(facts, "prod", version), `i docker_build_prod --version ${version}`);
  assertAgrees(facts, image, version);
  assertBaseOf(facts, image);
  const skips = assertPassed(facts, { version, image, skipTests: options.skipTests });
  return [
    ...tagTested(facts, image, version),
    ...skips,
    ...pushTested(facts, { image, version, base: facts.inputs.base }),
  ];
}

/** Log, Git tag and image say the same of the version. */
function assertAgrees(facts: PushFacts, image: string, version: Version): void {
  assertSameImage(facts, version, namesOf(facts, image));
  assertTagAgrees(facts, version, passedAt(facts, image));
}

/** docker_push_dev pushes the tag that docker_tag_local_as_dev made, so it is done from the same commit. */
function assertTagged(facts: Facts<"log">, version: Version): void {
  const tag = releaseTag(facts, version);
  const local = facts.git.tags[tag];
  if (facts.remoteTags[tag] || !local || local === facts.git.commit) return;
  throw new UserError(`the Git tag ${tag} names ${local.slice(0, 12)}, and this is ${facts.git.commit.slice(0, 12)}`, {
    why: "The image was tested and tagged with the code of that commit, and its release is recorded with it.",
    fix: `Push it from there: git checkout ${tag}; or tag what was tested here: i docker_tag_local_as_dev --version ${version}`,
  });
}

/** A prod image is recorded with the dev image that it was built on. */
function assertBaseOf(facts: Facts<"engine" | "registries" | "inputs">, image: string): void {
  const { base } = facts.inputs;
  const names = namesOf(facts, image);
  const labels = labelsOf(facts, names);
  const own = labels["org.opencontainers.image.base.digest"];
  if (!base || !own || own === base.digest) return;
  const named = (labels["org.opencontainers.image.base.name"] ?? "").split(":dev-").at(-1) ?? "";
  const version = isVersion(named) ? named : "X.Y.Z";
  throw new UserError(`the prod image is built on ${own}, and dev ${base.version} is ${shown(base.digest)}`, {
    why: `Taken was ${base.why}; the release is recorded with the dev image that prod was built on.`,
    fix: `Name that one: --dev-version ${version}; or build it again: i docker_build_prod`,
  });
}

/** The labels of an image, by any of its digests, from the engine or a registry. */
function labelsOf(facts: Facts<"engine" | "registries">, names: readonly string[]): Readonly<Record<string, string>> {
  const local = facts.engine.images.find(({ id, digests }) => [id, ...digests].some((name) => names.includes(name)));
  const states = Object.values(facts.registries).flatMap((tags) => Object.values(tags));
  const there = states.find((state) => state.state === "found" && names.includes(state.digest) && state.labels);
  return local?.labels ?? (there?.state === "found" ? there.labels : undefined) ?? {};
}

type Tested = { readonly image: string; readonly version: Version; readonly base: BaseImage | null };

function pushTested(facts: PushFacts, { image, version, base }: Tested): Step[] {
  return [
    lookAtTargets(facts),
    ...claimed(facts, version, [
      ...push(facts, image, version),
      ...publish(facts, publishedDigest(facts, image, version), { version, base }),
    ]),
    tell(facts, publishedDigest(facts, image, version), { version, tested: testsOf(facts.log, image), untested: [] }),
  ];
}

/** The digest of an image that must be in the engine; `fix` is the line that makes it. */
export function imageInEngine(facts: Facts<"engine">, reference: string, fix: string): string {
  const found = facts.engine.images.find((image) => image.reference === reference);
  assertOfCommit(found);
  if (found) return found.id;
  throw lacksImage(facts.engine, reference, {
    why: "This step works on an image that an earlier one makes.",
    fix: `First type: ${fix}`,
  });
}
