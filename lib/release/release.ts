import { buildStep } from "../build/build.ts";
import { localBuild } from "../build/local.ts";
import { ecrChecks, pullOf } from "../container/ecr_login.ts";
import { type PoetryMode, resolves } from "../formats/poetry.ts";
import { builtImage, requireVersion, versionTag } from "../names/names.ts";
import { testedPlatform } from "../names/platform.ts";
import type { Version } from "../names/version.ts";
import type { Facts, PushFacts, ReleaseFacts } from "../plan/facts.ts";
import { type Step, step, type Value } from "../plan/plan.ts";
import { type GateOptions, gates } from "../tests/gates.ts";
import { lintGate } from "../tests/lint.ts";
import type { LintLook } from "../tests/look_lint.ts";
import { passedAt } from "../tests/tests.ts";
import { assertTagAgrees } from "./agreement.ts";
import { checkDisk } from "./check_disk.ts";
import { claimed } from "./claimed.ts";
import { type Found, findImage } from "./find_image.ts";
import { prodBuild, pullBase } from "./prod.ts";
import { engineName, tagTested } from "./promote.ts";
import { publish, tell } from "./publish.ts";
import { publishedDigest, push, sourcePlace } from "./push.ts";
import { assertMayRelease, assertPushed, assertTagFits, type PushOptions } from "./release_rules.ts";
import { settleMove } from "./settle_move.ts";

export type ReleaseOptions = GateOptions &
  PushOptions & {
    readonly cache: boolean;
    readonly pushToRepo: boolean;
    readonly poetryMode?: PoetryMode | undefined;
  };

/** What a release knows; with `lint` where linters are a gate. */
export type Releasing = ReleaseFacts & { readonly lint?: LintLook | null };

/** A release of the stage from preflight to the verified table: design.md, "Which image: a dev release, step by step". */
export function release(facts: Releasing, options: ReleaseOptions): Step[] {
  const version = requireVersion(facts);
  assertMayRelease(facts, version);
  // The lock that this run resolved and committed is pushed by whoever looked at it.
  if (options.pushToRepo && !resolves(options.poetryMode)) assertPushed(facts, options);
  const { found, image } = obtained(facts, version);
  assertTagAgrees(facts, version, passedAt(facts, found.digest));
  assertTagFits(facts, version);
  const what = facts.builder && !found.digest ? builtImage(facts, version) : engineName(facts, image, version);
  const lint = facts.config.release.lint
    ? lintGate(facts, linters(facts), options.skipTests ? "--skip-tests" : null)
    : [];
  const own = gates(facts, { version, image, what, options });
  const steps = obtainImage(facts, { version, found, options });
  const upToPush = [...lint, ...steps, ...own, ...tagFound(facts, image, version)];
  const tests = [...lint, ...own];
  if (!options.pushToRepo) return [preflight(facts), ...claimed(facts, version, upToPush)];
  const published = publishedDigest(facts, image, version);
  const untested = tests.flatMap(({ id, skip }) => (skip?.startsWith("--") ? [`${id} (${skip})`] : []));
  const tested = tests.flatMap(({ id, skip }) => testedBy(id, skip));
  const base = facts.stage === "prod" ? facts.inputs.base : null;
  const toRegistries = [...push(facts, image, version), ...publish(facts, published, { version, base })];
  return [
    preflight(facts),
    ...claimed(facts, version, [...upToPush, ...toRegistries]),
    tell(facts, published, { version, tested, untested }),
  ];
}

/** The image of a release: where it is found, else the step that builds it. */
function obtained(facts: Releasing, version: Version): { readonly found: Found; readonly image: Value } {
  const found = findImage(facts, version);
  return { found, image: found.digest ?? { from: buildOf(facts) } };
}

/** The digest that a release of the stage has in the registries, or the step that makes it. */
export const releasesDigest = (facts: Releasing, version: Version): Value =>
  publishedDigest(facts, obtained(facts, version).image, version);

function linters({ lint }: Releasing): LintLook {
  if (lint) return lint;
  throw new Error("a release is planned whose script did not look for its linters");
}

/** Whose word a gate is taken on: the log's, or that of this run. */
function testedBy(id: string, skip: string | null): string[] {
  if (!id.startsWith("run_")) return [];
  return skip === null ? [`${id} in this run`] : skip.startsWith("--") ? [] : [`${id}: ${skip}, says the log`];
}

/** A builder pushes what it built; the engine gets it from there, to test it. */
const pullBuilt = (facts: Facts<"engine">, reference: string): Step[] => {
  const platform = testedPlatform(facts.platforms, facts.engine.platform);
  const words = platform === facts.engine.platform ? [] : ["--platform", platform];
  return facts.builder ? [step("pull_built", `Pull ${reference} to test it`, pullOf(facts, reference, words))] : [];
};

/** The step that builds the image of the stage. */
const buildOf = ({ stage }: Facts): string => (stage === "prod" ? "build_prod" : "build_local");

const preflight = (facts: Facts): Step =>
  step("preflight", "Check disk space and unfinished tag moves", [checkDisk({}), settleMove({}), ...ecrChecks(facts)]);

/** Names for the image and its commit; a builder names what it pushes itself. */
const tagFound = (facts: PushFacts, image: Value, version: Version): Step[] =>
  tagTested(facts, image, version).map((one) =>
    facts.builder && one.id !== "git_tag" ? { ...one, skip: "the builder pushes it itself" } : one,
  );

type Obtain = { readonly version: Version; readonly found: Found; readonly options: ReleaseOptions };

function obtainImage(facts: ReleaseFacts, { version, found, options }: Obtain): Step[] {
  const tag = versionTag(facts, version);
  const reference = builtImage(facts, version);
  const build = { cache: options.cache, buildArg: [] };
  const [why, steps] = [
    found.where === "registry" ? `${tag} is in a registry` : found.digest ? `already built: ${found.digest}` : null,
    facts.stage === "prod"
      ? [pullBase(facts), buildStep(facts, prodBuild(facts, { version, reference, options: build }))]
      : [buildStep(facts, localBuild(facts, { version, mode: "no_update", options: build }))],
  ];
  const built = [...steps, ...pullBuilt(facts, reference)].map((one) => ({ ...one, skip: why ?? one.skip }));
  if (found.where !== "registry") return built;
  const image = found.digest;
  const from = `${sourcePlace(facts, tag).repository}@${image}`;
  const gatesDone = gates(facts, { version, image, what: image, options }).every(({ skip }) => skip !== null);
  const pull = step("pull_image", `Pull ${tag} to test it`, pullOf(facts, from), {
    skip: found.pulled ? "the engine has it" : gatesDone ? "every gate has passed" : null,
  });
  return [...built, pull];
}
