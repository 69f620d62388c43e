import { ecrLogin } from "../container/ecr_login.ts";
import { UserError } from "../errors.ts";
import { cmd } from "../kinds/command.ts";
import { verifyDigest } from "../kinds/verify_digest.ts";
import { engineImage, firstTarget, isIndex, releaseTag, targetPlaces, versionTag } from "../names/names.ts";
import { candidateTag, imageTag } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { Facts, PushFacts } from "../plan/facts.ts";
import { type Place, type Step, step, type Value } from "../plan/plan.ts";
import { assertAsLogged } from "./agreement.ts";
import { copyImage } from "./copy_image.ts";
import { pushTag } from "./git_tag.ts";

/** The digest of a version that registries show; undefined where none has it. One that log or registries differ about is refused. */
export function releasedDigest(facts: Facts<"registries" | "log">, version: Version): string | undefined {
  assertAsLogged(facts, version);
  return taggedDigest(facts, versionTag(facts, version));
}

/** The digest that registries show behind a tag that never moves; undefined where none has it. Two that differ are refused. */
export function taggedDigest(facts: Facts<"registries">, tag: string): string | undefined {
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

const has = (facts: Facts<"registries">, place: Place, tag: string): boolean =>
  facts.registries[place.registry]?.[tag]?.state === "found";

/** The registry that the others are copied from: one that has the version already, else the first target. */
export const sourcePlace = (facts: Facts<"registries">, tag: string): Place =>
  targetPlaces(facts).find((place) => has(facts, place, tag)) ?? firstTarget(facts);

/** What a tested image is called in registries: itself, but in the classic store its manifest's digest, known after the push. */
export function publishedDigest(facts: PushFacts, tested: Value, version: Version): Value {
  assertAsLogged(facts, version);
  return pushedDigest(facts, tested, { id: pushStep(facts), tag: versionTag(facts, version) });
}

/** The same for any tag, which the step of that id pushes. */
export const pushedDigest = (
  facts: Facts<"engine" | "registries">,
  tested: Value,
  { id, tag }: Pick<Push, "id" | "tag">,
): Value => (isRenamed(facts, tag) ? { from: id } : tested);

/** A builder has pushed the manifest itself. */
const isRenamed = (facts: Facts<"engine" | "registries">, tag: string): boolean =>
  facts.engine.store === "classic" && !facts.builder && !taggedDigest(facts, tag);

const pushStep = ({ stage }: Pick<Facts, "stage">): string => `push_${stage}`;

/** Pushes the version's tag to the first registry and reads it back, copies it by digest to the others, pushes the Git tag. */
export function push(facts: PushFacts, tested: Value, version: Version): Step[] {
  const tag = versionTag(facts, version);
  const named = engineImage(facts, facts.stage, version);
  const push = { id: pushStep(facts), tag, name: named };
  const { name: user } = facts.user;
  const aside = facts.stage === "dev" ? imageTag("local", user, version) : candidateTag(user, facts.git.commit);
  return [...pushBuilt(facts, tested, { ...push, aside }), pushGitTag(facts, version)];
}

/** Pushes one tag, which never moves: an image as it is, an index under another name first. */
export const pushBuilt = (facts: Facts<"engine" | "registries">, tested: Value, push: Aside): Step[] =>
  isIndex(facts) && !facts.builder ? pushIndex(facts, tested, push) : pushImage(facts, tested, push);

/**
 * An engine that lacks a platform's content pushes what it has as one image, and says that all is well (moby/moby#48731). So an
 * index goes under a name of the user's first, and gets the version's, which never moves, once that is read back.
 */
function pushIndex(facts: Facts<"registries">, digest: Value, { id, tag, name, aside }: Aside): Step[] {
  const source = sourcePlace(facts, tag);
  const reference = `${source.repository}:${aside}`;
  const places = [source];
  const actions = [
    verifyDigest({ tag, digest, places, mayBeAbsent: true }),
    cmd`docker tag ${name} ${reference}`,
    ...ecrLogin(facts, source.registry),
    cmd`docker push ${reference}`,
    verifyDigest({ tag: aside, digest, places }),
    copyImage({ digest, tag, from: source, to: places }),
    verifyDigest({ tag, digest, places }),
  ];
  const title = `Push ${facts.config.imageName}:${tag} to ${source.registry}, as ${aside} first`;
  const skip = has(facts, source, tag) ? `${source.registry} has ${tag}` : null;
  return [step(id, title, actions, { skip }), copyToOthers(facts, { tag, image: digest, source })];
}

/** The step that has the release's Git tag go with the next push. */
export function pushGitTag(facts: Facts<"log">, version: Version): Step {
  const tag = releaseTag(facts, version);
  const commit = facts.remoteTags[tag] ?? facts.git.commit;
  return step("push_git_tag", `Push the Git tag ${tag}`, [pushTag({ tag, commit })], {
    skip: !facts.git.remote ? "the repo has no remote" : facts.remoteTags[tag] ? "the remote has it" : null,
  });
}

type Push = {
  readonly id: string;
  readonly tag: string /** What the engine calls the image. */;
  readonly name: string;
};

/** `aside` is the name of the user's under which an index goes first. */
type Aside = Push & { readonly aside: string };

/** Pushes one tag to the first registry and reads it back, then copies it by digest to the others. */
export function pushImage(facts: Facts<"engine" | "registries">, tested: Value, { id, tag, name }: Push): Step[] {
  const source = sourcePlace(facts, tag);
  if (facts.builder)
    return [nameBuilt(facts, tested, { id, tag, source }), copyToOthers(facts, { tag, image: tested, source })];
  const image = pushedDigest(facts, tested, { id, tag });
  const pushed = has(facts, source, tag);
  const reference = `${source.repository}:${tag}`;
  const readBack = verifyDigest({ tag, digest: image, places: [source] });
  const seen = isRenamed(facts, tag) ? { ...readBack, tested } : readBack;
  const retag = name === reference ? [] : [cmd`docker tag ${name} ${reference}`];
  return [
    step(
      id,
      `Push ${facts.config.imageName}:${tag} to ${source.registry}`,
      [
        verifyDigest({ ...seen, mayBeAbsent: true }),
        ...retag,
        ...ecrLogin(facts, source.registry),
        cmd`docker push ${reference}`,
        seen,
      ],
      { skip: pushed ? `${source.registry} has ${tag}` : null },
    ),
    copyToOthers(facts, { tag, image, source }),
  ];
}

type Named = { readonly id: string; readonly tag: string; readonly source: Place };

/** What a builder has pushed under its local name gets the version's name in the same registry. */
const nameBuilt = (facts: Facts<"registries">, digest: Value, { id, tag, source }: Named): Step =>
  step(
    id,
    `Name ${facts.config.imageName}:${tag} in ${source.registry}`,
    [copyImage({ digest, tag, from: source, to: [source] }), verifyDigest({ tag, digest, places: [source] })],
    { skip: has(facts, source, tag) ? `${source.registry} has ${tag}` : null },
  );

type Copy = { readonly tag: string; readonly image: Value; readonly source: Place };

/** Copies what a tag is in one registry to the other targets, by digest. */
export function copyToOthers(facts: Facts<"registries">, { tag, image, source }: Copy): Step {
  const others = targetPlaces(facts).filter(({ registry }) => registry !== source.registry);
  const allHave = [source, ...others].every((place) => has(facts, place, tag));
  return step(
    "copy_to_others",
    `Copy ${tag} to ${others.map(({ registry }) => registry).join(", ") || "no other registry"}`,
    [copyImage({ digest: image, tag, from: source, to: others })],
    { skip: others.length === 0 ? "there is one registry" : allHave ? "all have it" : null },
  );
}
