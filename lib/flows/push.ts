import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { engineImage, firstTarget, releaseTag, targetPlaces, versionTag } from "../model/names.ts";
import { cmd, type Digest, type Place, type Step, step } from "../model/plan.ts";
import type { Version } from "../model/version.ts";
import { assertAsLogged } from "./agreement.ts";
import { ecrLogin } from "./ecr.ts";

/** The digest of a version that registries show; undefined where none has it. One that log or registries differ about is refused. */
export function releasedDigest(facts: Facts, version: Version): string | undefined {
  assertAsLogged(facts, version);
  return taggedDigest(facts, versionTag(facts, version));
}

/** The digest that registries show behind a tag that never moves; undefined where none has it. Two that differ are refused. */
function taggedDigest(facts: Facts, tag: string): string | undefined {
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
  facts.engine.store === "classic" && !releasedDigest(facts, version) ? { digest: "@image" } : tested;

/** Pushes the version's tag to the first registry and reads it back, copies it by digest to the others, pushes the Git tag. */
export function push(facts: Facts, tested: Digest, version: Version): Step[] {
  const name = releaseTag(facts, version);
  const commit = facts.remoteTags[name] ?? facts.git.commit;
  const tag = versionTag(facts, version);
  const named = engineImage(facts, facts.stage, version);
  return [
    ...pushImage(facts, tested, { id: `push_${facts.stage}`, tag, name: named }),
    step("push_git_tag", `Push the Git tag ${name}`, [{ kind: "git_ref", op: "push_tag", tag: name, commit }], {
      skip: !facts.git.remote ? "the repo has no remote" : facts.remoteTags[name] ? "the remote has it" : null,
    }),
  ];
}

type Push = {
  readonly id: string;
  readonly tag: string /** What the engine calls the image. */;
  readonly name: string;
};

/** Pushes one tag to the first registry and reads it back, then copies it by digest to the others. */
export function pushImage(facts: Facts, tested: Digest, { id, tag, name }: Push): Step[] {
  const source = sourcePlace(facts, tag);
  if (facts.builder)
    return [nameBuilt(facts, tested, { id, tag, source }), copyToOthers(facts, { tag, image: tested, source })];
  const image =
    facts.engine.store === "classic" && !taggedDigest(facts, tag) ? ({ digest: "@image" } as const) : tested;
  const isRenamed = image !== tested || facts.engine.store === "classic";
  const pushed = has(facts, source, tag);
  const reference = `${source.repository}:${tag}`;
  const readBack = { kind: "verify_digest", tag, digest: image, places: [source] } as const;
  const seen = isRenamed ? { ...readBack, tested } : readBack;
  const retag = name === reference ? [] : [cmd`docker tag ${name} ${reference}`];
  return [
    step(
      id,
      `Push ${facts.config.imageName}:${tag} to ${source.registry}`,
      [
        { ...seen, mayBeAbsent: true },
        ...retag,
        ...ecrLogin(facts, source.registry),
        cmd`docker push ${reference}`,
        seen,
      ],
      { yields: isRenamed ? "image" : null, skip: pushed ? `${source.registry} has ${tag}` : null },
    ),
    copyToOthers(facts, { tag, image, source }),
  ];
}

type Named = { readonly id: string; readonly tag: string; readonly source: Place };

/** What a builder has pushed under its local name gets the version's name in the same registry. */
const nameBuilt = (facts: Facts, digest: Digest, { id, tag, source }: Named): Step =>
  step(
    id,
    `Name ${facts.config.imageName}:${tag} in ${source.registry}`,
    [
      { kind: "copy_image", digest, tag, from: source, to: [source] },
      { kind: "verify_digest", tag, digest, places: [source] },
    ],
    { skip: has(facts, source, tag) ? `${source.registry} has ${tag}` : null },
  );

type Copy = { readonly tag: string; readonly image: Digest; readonly source: Place };

function copyToOthers(facts: Facts, { tag, image, source }: Copy): Step {
  const others = targetPlaces(facts).filter(({ registry }) => registry !== source.registry);
  const allHave = [source, ...others].every((place) => has(facts, place, tag));
  return step(
    "copy_to_others",
    `Copy ${tag} to ${others.map(({ registry }) => registry).join(", ") || "no other registry"}`,
    [{ kind: "copy_image", digest: image, tag, from: source, to: others }],
    { skip: others.length === 0 ? "there is one registry" : allHave ? "all have it" : null },
  );
}
