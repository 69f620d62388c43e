import { assertContext, type Build, baseDigestLabel, buildStep, imageLabels } from "../build/build.ts";
import { pullOf } from "../container/ecr_login.ts";
import { UserError } from "../errors.ts";
import { baseArgs } from "../formats/dockerfile.ts";
import { announce } from "../kinds/announce.ts";
import { builtImage, engineRepository, requireVersion } from "../names/names.ts";
import { candidateTag } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { BaseImage, Facts } from "../plan/facts.ts";
import { prefixed, type Step, step, type Value } from "../plan/plan.ts";
import { assertClean } from "../tests/tests.ts";
import { imageInEngine } from "./promote.ts";
import { pushedDigest, pushImage } from "./push.ts";
import { assertBase } from "./release_rules.ts";

export type ProdOptions = {
  readonly cache: boolean;
  readonly buildArg: readonly string[];
  readonly secret?: readonly string[];
};
export type ProdBuild = { readonly version: Version; readonly reference: string; readonly options: ProdOptions };

/** Builds prod-X.Y.Z from prod.Dockerfile on the released dev digest, the code of the commit copied in; or a candidate. */
export function buildProd(
  facts: Facts<"engine" | "registries" | "log" | "inputs">,
  options: ProdOptions & { readonly candidate: boolean },
): Step[] {
  const version = requireVersion(facts);
  assertBase(facts, version);
  assertClean(facts);
  assertContext(facts);
  const reference = options.candidate ? candidateImage(facts) : builtImage(facts, version);
  return [pullBase(facts), buildStep(facts, prodBuild(facts, { version, reference, options }))];
}

/** Builds `prod-<user>-<hash>` of this commit and pushes it: the same commit has the same tag (design.md, "From the documents"). */
export function createCandidate(
  facts: Facts<"engine" | "registries" | "log" | "inputs">,
  options: ProdOptions,
): Step[] {
  assertSmall(facts);
  return [
    ...buildProd(facts, { ...options, candidate: true }),
    ...pushImage(facts, { from: "build_prod" }, candidateOf(facts)),
    tellCandidate(facts, { from: "build_prod" }),
  ];
}

/** Pushes the candidate of this commit, which docker_build_prod --candidate has built, to every registry. */
export function pushCandidate(facts: Facts<"engine" | "registries">): Step[] {
  assertClean(facts);
  const image = imageInEngine(facts, candidateImage(facts), "i docker_build_prod --candidate");
  return [...pushImage(facts, image, candidateOf(facts)), tellCandidate(facts, image)];
}

const candidateOf = (facts: Facts) => ({
  id: "push_prod_candidate",
  tag: candidateTag(facts.user.name, facts.git.commit),
  name: candidateImage(facts),
});

const candidateImage = (facts: Facts): string =>
  `${engineRepository(facts)}:${candidateTag(facts.user.name, facts.git.commit)}`;

const tellCandidate = (facts: Facts<"engine" | "registries">, tested: Value): Step =>
  step("tell", "Report what was pushed", [
    announce({
      digest: pushedDigest(facts, tested, candidateOf(facts)),
      text: `${facts.config.imageName}:${candidateTag(facts.user.name, facts.git.commit)} is <digest> in ${facts.targets.map(({ name }) => name).join(", ")}`,
    }),
  ]);

/** The build of a prod image: the dev image by digest, whatever name the Dockerfile's FROM gives it (design.md, "From the documents"). */
export function prodBuild(facts: Facts<"engine" | "inputs">, { version, reference, options }: ProdBuild): Build {
  const base = requireBase(facts);
  const { repository, digest } = base;
  return {
    id: "build_prod",
    reference,
    args: {
      ...facts.config.release.buildArgs,
      AM_CONTAINER_VERSION: version,
      RUNNABLE_DIR: facts.place.dir,
      ...baseArgs(base, facts.config.imageName),
    },
    typedArgs: options.buildArg,
    secrets: options.secret ?? [],
    labels: { ...imageLabels(facts, version, "prod"), [baseDigestLabel]: digest },
    cache: options.cache,
    images: { [`${repository}:dev-${base.version}`]: prefixed(`docker-image://${repository}@`, digest) },
  };
}

/** Brings the dev image below a prod image into the engine, by its digest. */
export function pullBase(facts: Facts<"engine" | "inputs">): Step {
  const { repository, digest, version, why } = requireBase(facts);
  const made = typeof digest === "string" ? null : `${digest.from} has it from this engine`;
  const isThere = facts.engine.images.some(({ digests }) => digests.some((one) => one === digest));
  return step(
    "pull_base",
    `Pull dev-${version}, which prod is built on: ${why}`,
    pullOf(facts, prefixed(`${repository}@`, digest)),
    {
      skip: isThere ? "the engine has it" : made,
    },
  );
}

function requireBase(facts: Facts<"inputs">): BaseImage {
  if (facts.inputs.base) return facts.inputs.base;
  throw new Error("a prod build is planned before assertBase has seen its base");
}

/** A candidate is pushed often, so what is large in it is more likely forgotten than meant (design.md, "From the documents"). */
function assertSmall(facts: Facts<"inputs">): void {
  const { large } = facts.inputs;
  if (large.length === 0) return;
  const list = large.map(({ path, bytes }) => `${path} (${Math.round(bytes / 2 ** 20)} MiB)`).join(", ");
  throw new UserError(`the build context has more than 200 MiB in ${list}`, {
    why: "A candidate holds the outermost repo, and what is that large is seldom meant to ship.",
    fix: "Move it away, or name it in devops/docker_build/dockerignore.prod",
  });
}
