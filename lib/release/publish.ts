import { announce } from "../kinds/announce.ts";
import { record } from "../kinds/record.ts";
import { verifyDigest } from "../kinds/verify_digest.ts";
import { sameEntry } from "../names/log.ts";
import { firstTarget, isIndex, releaseTag, targetPlaces, versionTag } from "../names/names.ts";
import type { Version } from "../names/version.ts";
import type { BaseImage, Facts } from "../plan/facts.ts";
import { type Action, type Step, step, type Value } from "../plan/plan.ts";
import { flip, flipChannels } from "./flip.ts";
import type { MoveTag } from "./move_tag.ts";
import { keptVersion } from "./release_rules.ts";

type Published = {
  readonly version: Version;
  /** The dev image below a prod image. */
  readonly base: BaseImage | null;
};

/** Flip, verification and record: design.md, steps 8 and 9. */
export function publish(facts: Facts<"registries" | "log">, image: Value, { version, base }: Published): Step[] {
  const { stage } = facts;
  const targets = targetPlaces(facts);
  const places = seenPlaces(facts);
  const kept = keptVersion(
    facts,
    version,
    places.map(({ seen }) => seen),
  );
  const isThere = typeof image === "string" && places.every(({ seen }) => seen === image);
  const title = `Point ${stage} at ${version} in ${places.map(({ registry }) => registry).join(", ")}`;
  const skip = kept ? `${stage} stays ${kept}, which is higher` : isThere ? `${stage} is this image everywhere` : null;
  const check = (tag: string): Action => verifyDigest({ tag, digest: image, places: targets });
  return [
    flip(facts, { title, skip, version, why: "release", to: image, also: versionTag(facts, version), places }),
    ...(kept ? [] : flipChannels(facts, { version, why: "release", to: image })),
    step("verify", "Read every tag back", [...(kept ? [] : [check(stage)]), check(versionTag(facts, version))]),
    recordRelease(facts, image, { version, base }),
  ];
}

/** The target registries with what the mutable tag is there. */
const seenPlaces = (facts: Facts<"registries">): MoveTag["places"] =>
  targetPlaces(facts).map((place) => ({ ...place, seen: mutableDigest(facts, place.registry) }));

/** What dev (or prod) is in a registry; null where it is nothing, or where preflight will find that the registry does not answer. */
function mutableDigest(facts: Facts<"registries">, registry: string): string | null {
  const state = facts.registries[registry]?.[facts.stage];
  return state?.state === "found" ? state.digest : null;
}

function recordRelease(facts: Facts<"log">, digest: Value, { version, base: below }: Published): Step {
  const { config, stage, targets } = facts;
  const image = config.imageName;
  const commit = facts.remoteTags[releaseTag(facts, version)] ?? facts.git.commit;
  const registries = targets.map(({ name }) => name);
  const base = below ? { base: { version: below.version, digest: below.digest } } : {};
  const entry = { type: "release", stage, version, digest, commit, ...base, registries } as const;
  const isThere = facts.log.some((one) => {
    if (one.type !== "release") return false;
    const { children: _, ...rest } = one;
    return sameEntry(rest, entry);
  });
  const action = record({ image, entry, ...(isIndex(facts) ? { index: firstTarget(facts) } : {}) });
  return step("record_release", `Record the release of ${version}`, [action], {
    skip: isThere ? "the log has it" : null,
  });
}

type Told = {
  readonly version: Version;
  /** The test lists that passed, and who says so. */
  readonly tested: readonly string[];
  readonly untested: readonly string[];
};

/** Where the release stands: its digest, registry by tag, what was not tested, what to do next. */
export function tell(facts: Facts<"registries" | "log">, image: Value, release: Told): Step {
  const { version, untested, tested } = release;
  const { stage } = facts;
  const name = facts.config.imageName;
  const kept = keptVersion(
    facts,
    version,
    seenPlaces(facts).map(({ seen }) => seen),
  );
  const tags = [versionTag(facts, version), ...(kept ? [] : [stage])];
  const rows = targetPlaces(facts).map(
    ({ registry, repository }) => `${registry.padEnd(12)} ${repository}:${tags.join(", ")}`,
  );
  const behind = facts.config.registries.filter((registry) => registry.required && !facts.targets.includes(registry));
  const text = [
    `${name} ${stage === "prod" ? "prod " : ""}${version} is released: <digest>`,
    ...rows,
    "pull         <pull>",
    ...(kept ? [`${stage} stays ${kept}, which is higher than ${version}`] : []),
    ...behind.map((registry) => `${registry.name.padEnd(12)} behind by choice`),
    ...tested.map((what) => `tested       ${what}`),
    ...untested.map((what) => `NOT TESTED   ${what}`),
    ...(facts.unpushed ? [`NOT PUSHED   the commit is on no branch that others have: ${facts.unpushed.line}`] : []),
    "",
    `Get it with: i docker_pull${stage === "prod" ? ` --stage prod${kept ? ` --version ${version}` : ""}` : ""}`,
    ...afterwards(facts, version),
  ].join("\n");
  return step("tell", "Report the result", [announce({ digest: image, pull: firstTarget(facts), text })]);
}

/** With changelog_update: after_release, the entry to add now. */
const afterwards = (facts: Facts, version: Version): string[] =>
  facts.config.release.changelogUpdate === "after_release"
    ? [`Now add the entry: i changelog_add --version ${version} --message "what changed"`]
    : [];
