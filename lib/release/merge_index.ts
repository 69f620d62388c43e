import type { ListName } from "../config/tests.ts";
import { UserError } from "../errors.ts";
import { firstTarget, requireVersion, versionTag } from "../names/names.ts";
import { assertOfCommit } from "../names/patched.ts";
import { testsOf } from "../names/releases.ts";
import type { Version } from "../names/version.ts";
import type { Facts, PushFacts, TagState } from "../plan/facts.ts";
import { type Step, step, type Value } from "../plan/plan.ts";
import { passOf, recordedPass } from "../tests/tests.ts";
import { assertAsLogged, assertTagAgrees } from "./agreement.ts";
import { claimed, lookAtTargets } from "./claimed.ts";
import { tagTested } from "./promote.ts";
import { publish, tell } from "./publish.ts";
import { copyToOthers, pushGitTag } from "./push.ts";
import { putIndex } from "./put_index.ts";
import { assertMayRelease, assertPushed, type PushOptions } from "./release_rules.ts";

type Child = { readonly name: string; readonly digest: string; readonly platform: string };

/**
 * Releases an index of images that were built and tested natively, each on a machine of its own, and shared by
 * docker_share_local: each child needs the passes of its own gates, recorded for its own digest.
 */
export function mergeIndex(
  facts: Facts<"engine" | "registries" | "log" | "inputs">,
  options: PushOptions & { readonly images: readonly string[] },
): Step[] {
  const version = requireVersion(facts);
  assertMayRelease(facts, version);
  assertPushed(facts, options);
  assertAsLogged(facts, version);
  assertTagAgrees(facts, version, () => false);
  const children = options.images.map((tag) => childOf(facts, tag, version));
  assertTogether(children, options.images);
  const place = firstTarget(facts);
  const tag = versionTag(facts, version);
  const image: Value = { from: "join" };
  const title = `Join ${children.map(({ platform }) => platform).join(" and ")} to ${tag} in ${place.registry}`;
  return [
    lookAtTargets(facts),
    ...claimed(facts, version, [
      step("join", title, [putIndex({ tag, place, children })]),
      ...tagTested(facts, image, version).filter(({ id }) => id === "git_tag"),
      copyToOthers(facts, { tag, image, source: place }),
      pushGitTag(facts, version),
      ...publish({ ...facts, platforms: children.map(({ platform }) => platform) }, image, { version, base: null }),
    ]),
    tell(facts, image, {
      version,
      tested: children.flatMap(({ name, digest }) => testsOf(facts.log, digest).map((one) => `${name}: ${one}`)),
      untested: [],
    }),
  ];
}

/** An image that the first registry has, of this version and with the passes of the gates. */
function childOf(facts: Facts<"engine" | "registries" | "log" | "inputs">, tag: string, version: Version): Child {
  const { registry, repository } = firstTarget(facts);
  const state: TagState = facts.registries[registry]?.[tag] ?? { state: "absent" };
  if (state.state !== "found")
    throw new UserError(`${registry} has no ${repository}:${tag}`, {
      why: state.state === "unknown" ? `${state.why}.` : "Images are joined where they lie, in the first registry.",
      fix: "Share it from the machine that built it: i docker_share_local",
    });
  const { digest, platform, labels = {} } = state;
  const built = labels["org.opencontainers.image.version"];
  const revision = labels["org.opencontainers.image.revision"];
  if (!platform || built !== version)
    throw new UserError(
      `${tag} is ${platform ? `version ${built ?? "unknown"}` : "an index already"}, not one image of ${version}`,
      {
        why: "An index of a version joins images of that version, one for each platform.",
        fix: `Build it: i docker_build_local --version ${version}`,
      },
    );
  if (revision !== facts.inputs.revision)
    throw new UserError(`${tag} was built from ${revision?.slice(0, 12) ?? "an unknown commit"}`, {
      why: `The files of the image are those of ${facts.inputs.revision.slice(0, 12)} here, and all images of an index are built from the same.`,
      fix: `Build it from this commit: i docker_build_local --version ${version}`,
    });
  assertOfCommit({ reference: tag, labels });
  assertChildPassed(facts, { name: tag, digest, platform }, version);
  return { name: tag, digest, platform };
}

function assertChildPassed(facts: PushFacts, { name, digest, platform }: Child, version: Version): void {
  const missing: ListName[] = facts.config.release.gates.filter(
    (list) => !recordedPass(facts, { ...passOf(facts, { list, digest, version, stage: "local" }), platform }),
  );
  if (missing.length === 0) return;
  throw new UserError(`${missing.join(", ")} tests have not passed in ${name} on ${platform} for this commit`, {
    why: "Each image of an index is tested on a machine of its own platform; the log has no such pass.",
    fix: `On the machine that built it: i run_${missing[0]}_tests --stage local --version ${version}`,
  });
}

function assertTogether(children: readonly Child[], images: readonly string[]): void {
  if (children.length >= 2 && new Set(children.map(({ platform }) => platform)).size === children.length) return;
  throw new UserError(`${images.join(", ") || "no image"} cannot be one index`, {
    why: `An index joins two images or more, each of another platform; these are ${children.map(({ platform }) => platform).join(", ") || "none"}.`,
    fix: "Name them: i release_merge_index --images local-ada-1.2.0,local-bob-1.2.0",
  });
}
