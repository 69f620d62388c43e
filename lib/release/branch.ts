import { assertContext, buildStep, imageLabels, isSameBuild } from "../build/build.ts";
import { devBuild } from "../build/local.ts";
import { ecrChecks, pullOf } from "../container/ecr_login.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { record } from "../kinds/record.ts";
import { verifyDigest } from "../kinds/verify_digest.ts";
import { claimRef } from "../names/claim.ts";
import { type Described, type DevVersion, devVersion } from "../names/dev_version.ts";
import { assertEngine, plugins } from "../names/engine.ts";
import { type BranchReleased, sameEntry } from "../names/log.ts";
import { engineRepository, targetPlaces } from "../names/names.ts";
import { imageTag, userTag } from "../names/stage.ts";
import type { Decision, Trigger } from "../names/trigger.ts";
import type { Facts, ReleaseFacts } from "../plan/facts.ts";
import { type Step, step, type Value } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { skipsOf } from "../tests/gates.ts";
import { assertClean, testList } from "../tests/tests.ts";
import { checkBranch } from "./check_branch.ts";
import { checkDisk } from "./check_disk.ts";
import { underClaim } from "./claimed.ts";
import { moveTag } from "./move_tag.ts";
import { pushBuilt, pushedDigest, sourcePlace, taggedDigest } from "./push.ts";
import { settleMove } from "./settle_move.ts";

/** The version of the commit in every spelling. */
export function tellDevVersion(
  facts: Facts,
  options: { readonly local: boolean; readonly dirty: boolean },
  described: Described,
): Step[] {
  if (!options.dirty) assertClean(facts);
  const { config, git } = facts;
  const { commit, shallow } = git;
  const version = devVersion({ ...described, image: config.imageName, commit, shallow, dirty: git.dirty.length > 0 });
  const local = options.local ? version.local : "";
  const data = { ...version, pep440: `${version.pep440}${local}`, semver: `${version.semver}${local}`, commit };
  const text = [
    `PEP 440  ${data.pep440}`,
    `semver   ${data.semver}`,
    `image    ${config.imageName}:${version.tag}`,
    ...(described.tag === null
      ? [`No release tag is behind this commit. A clone that lacks tags gets them with: git fetch --tags`]
      : []),
  ].join("\n");
  return [step("report", "Show the version of the commit", [announce({ text, data })])];
}

type Triggered = {
  readonly trigger: Trigger;
  readonly decision: Decision;
  readonly pinned: Pick<BranchLook, "version" | "follow"> | null;
};

/** What is released for an event, under which tags, and the line that does it; or nothing, and why. */
export function tellTrigger(facts: Facts, _options: unknown, { trigger, decision, pinned }: Triggered): Step[] {
  const line = lineFor(decision, facts.git.commit);
  const version = decision.build === "release" ? decision.version : (pinned?.version.pep440 ?? null);
  const tags =
    decision.build === "release"
      ? [imageTag(decision.stage, "", decision.version), decision.stage]
      : pinned === null
        ? []
        : [pinned.version.tag, ...pinned.follow];
  const { commit } = facts.git;
  const said = line === null ? "nothing is released" : `${facts.config.imageName} ${version} is to be released`;
  const text = [`${said}: ${decision.why}`, ...tags.map((tag) => `  ${tag}`), ...(line ? [`type: ${line}`] : [])];
  const data = { ...decision, event: trigger.event, ref: trigger.ref, commit, version, tags, line };
  return [step("report", "Show what is to be released", [announce({ text: text.join("\n"), data })])];
}

function lineFor(decision: Decision, commit: string): string | null {
  if (decision.build === "nothing") return null;
  if (decision.build === "release") return `i docker_release_${decision.stage} --version ${decision.version}`;
  return `i release_branch --branch ${quote(decision.branch)} --commit ${commit}`;
}

/** What is asked before a branch's image is planned. */
export type BranchLook = Pick<ReleaseFacts, "registries" | "nested" | "services"> & {
  readonly branch: string;
  readonly version: DevVersion;
  /** The tags that follow the branch: its own, and those of `release.channels`. */
  readonly follow: readonly string[];
};
export type BranchOptions = {
  readonly cache: boolean;
  readonly buildArg: readonly string[];
  readonly secret?: readonly string[];
  readonly skipTests: boolean;
};

/**
 * The image of a commit between releases: built, tested, pushed under a tag of its own, and what follows its branch moved to
 * it. The version is that of the commit whatever is tagged meanwhile, and never that of a release.
 */
export function releaseBranch(
  known: Facts<"engine" | "log" | "inputs">,
  options: BranchOptions,
  seen: BranchLook,
): Step[] {
  const { registries, nested, services } = seen;
  const facts: ReleaseFacts = { ...known, registries, nested, services };
  assertMayBuild(facts);
  const { branch, version, follow } = seen;
  const { imageName, release } = facts.config;
  const { commit } = facts.git;
  const { tag } = version;
  const places = targetPlaces(facts);
  const aside = `local-${userTag(facts.user.name)}-${tag}`;
  const found = findBuilt(facts, { ...version, reference: `${engineRepository(facts)}:${aside}` });
  const image: Value = found.digest ?? { from: "build_local" };
  const id = "push_branch";
  const published = pushedDigest(facts, image, { id, tag });
  const push = pushBuilt(facts, image, { id, tag, name: found.reference, aside });
  const isAt = (one: string) => places.every(({ registry }) => digestIn(facts, registry, one) === published);
  const entry: BranchReleased = {
    ...{ type: "branch", branch, commit, version: version.pep440, tag, follow, digest: published },
    registries: places.map(({ registry }) => registry),
  };
  const moves = follow.map((one) =>
    moveTag({
      ...{ image: imageName, tag: one, version: tag, why: "release", to: published, follows: { branch, commit } },
      places: places.map((place) => ({ ...place, seen: digestIn(facts, place.registry, one) })),
    }),
  );
  const isLogged = facts.log.some((one) => sameEntry(one, entry));
  const isPushed = push.every(({ skip }) => skip !== null);
  return [
    step("preflight", "Check disk space and the branch", [
      ...[checkDisk({}), checkBranch({ branch, commit }), settleMove({}), ...ecrChecks(facts)],
    ]),
    ...underClaim({ ref: claimRef(release.refPrefix, `${imageName}-${tag}`), name: tag, isHeld: false, places }, [
      ...obtain(facts, options, { ...found, tag, version: version.pep440 }),
      ...tests(facts, options, { ...found, image, tag, version: version.pep440 }),
      step("check_branch", "Check again that the branch has the commit", [checkBranch({ branch, commit })], {
        skip: isPushed ? "the image is pushed" : null,
      }),
      ...push,
      step("follow_branch", `Point ${follow.join(", ")} at ${tag}`, moves, {
        skip: follow.every(isAt) ? "they are this image everywhere" : null,
      }),
      step("verify", `Read ${tag} back`, [verifyDigest({ tag, digest: published, places })]),
      step("record_branch", `Record ${tag} of ${branch}`, [record({ image: imageName, entry })], {
        skip: isLogged ? "the log has it" : null,
      }),
    ]),
    tell(facts, seen, published),
  ];
}

function assertMayBuild(facts: ReleaseFacts): void {
  if (facts.config.release.none)
    throw new UserError(`${facts.config.imageName} is not released`, {
      why: "repo_config.yaml says release: none, a container built on the fly.",
      fix: "Use it with i docker_build_local, or remove release: none",
    });
  assertClean(facts);
  assertContext(facts);
  assertEngine(facts.engine, plugins);
}

function digestIn(facts: ReleaseFacts, registry: string, tag: string): string | null {
  const state = facts.registries[registry]?.[tag];
  return state?.state === "found" ? state.digest : null;
}

type Built = {
  readonly where: "registry" | "engine" | null;
  readonly digest: string | null;
  readonly reference: string;
};
type Wanted = { readonly tag: string; readonly pep440: string; readonly reference: string };

/** What has the commit's tag in a registry is its image; in the engine, what would be built now. */
function findBuilt(facts: ReleaseFacts, { tag, pep440, reference }: Wanted): Built {
  const published = taggedDigest(facts, tag);
  if (published !== undefined) return { where: "registry", digest: published, reference };
  const labels = imageLabels(facts, pep440, "no_update");
  const local = facts.engine.images.find((one) => one.reference === reference && isSameBuild(one.labels, labels));
  return local ? { where: "engine", digest: local.id, reference } : { where: null, digest: null, reference };
}

type Named = Built & { readonly tag: string; readonly version: string };

/** Builds the image, or pulls the one that a registry has, where it is to be tested. */
function obtain(
  facts: ReleaseFacts,
  options: BranchOptions,
  { where, digest, reference, tag, version }: Named,
): Step[] {
  const build = buildStep(facts, devBuild(facts, { version, reference, mode: "no_update", options }));
  if (where === null) return [build];
  const why = where === "registry" ? `${tag} is in a registry` : `already built: ${digest}`;
  const built = { ...build, skip: why };
  if (where === "engine" || digest === null) return [built];
  const isHere = facts.engine.images.some(({ digests }) => digests.includes(digest));
  const done = tests(facts, options, { ...{ where, digest, reference, tag, version }, image: digest });
  const skip = isHere ? "the engine has it" : done.every((one) => one.skip !== null) ? "every list has passed" : null;
  const from = `${sourcePlace(facts, tag).repository}@${digest}`;
  return [built, step("pull_image", `Pull ${tag} to test it`, pullOf(facts, from), { skip })];
}

/** The lists that a release has to pass, on a snapshot of the commit. */
function tests(facts: ReleaseFacts, options: BranchOptions, named: Named & { readonly image: Value }): Step[] {
  const { image, where, digest, reference, tag, version } = named;
  const lists = facts.config.release.gates;
  const local = facts.engine.images.find((one) => one.reference === reference) ?? null;
  const chosen = { reference, tag, stage: "local", version: null, local } as const;
  const isHere = facts.engine.images.some(({ digests }) => digest !== null && digests.includes(digest));
  const what = where === "registry" && !isHere ? `${sourcePlace(facts, tag).repository}@${digest}` : image;
  const gate = {
    image: chosen,
    what,
    digest: image,
    choice: { pytestOpts: [] },
    again: false,
    base: null,
    snapshot: true,
  };
  const skip = options.skipTests ? "--skip-tests" : null;
  return [
    ...lists.map((list) => {
      const made = testList(facts, { ...gate, list });
      return { ...made, skip: skip ?? made.skip };
    }),
    ...(skip ? skipsOf(facts, lists, { image, version, reason: skip }) : []),
  ];
}

function tell(facts: ReleaseFacts, { branch, version, follow }: BranchLook, digest: Value): Step {
  const { imageName } = facts.config;
  const rows = targetPlaces(facts).map(
    ({ registry, repository }) => `${registry.padEnd(12)} ${repository}:${version.tag}`,
  );
  const text = [
    `${imageName} ${version.pep440} of ${branch} is released: <digest>`,
    ...rows,
    `follows it   ${follow.join(", ")}`,
  ].join("\n");
  const data = { branch, commit: facts.git.commit, ...version, follow };
  return step("tell", "Report the result", [announce({ digest, text, data })]);
}
