import type { Facts } from "../model/facts.ts";
import { targetPlaces } from "../model/names.ts";
import { type Action, type Digest, type Step, step } from "../model/plan.ts";
import { gitTag } from "../model/stage.ts";
import type { Version } from "../model/version.ts";
import { flipDev } from "./flip_dev.ts";
import { assertNotBelow } from "./release_rules.ts";

/** Flip, verification and record: design.md, steps 8 and 9. */
export function publish(facts: Facts, image: Digest, version: Version): Step[] {
  const targets = targetPlaces(facts);
  const places = targets.map((place) => ({ ...place, seen: devDigest(facts, place.registry) }));
  assertNotBelow(
    facts,
    version,
    places.map(({ seen }) => seen),
  );
  const isThere = typeof image === "string" && places.every(({ seen }) => seen === image);
  const title = `Point dev at ${version} in ${places.map(({ registry }) => registry).join(", ")}`;
  const skip = isThere ? "dev is this image everywhere" : null;
  const check = (tag: string): Action => ({ kind: "verify_digest", tag, digest: image, places: targets });
  return [
    flipDev(facts, { title, skip, version, why: "release", to: image, places }),
    step("verify", "Read every tag back", [check("dev"), check(`dev-${version}`)]),
    recordRelease(facts, image, version),
  ];
}

/** What dev is in a registry; null where it is nothing, or where preflight will find that the registry does not answer. */
function devDigest(facts: Facts, registry: string): string | null {
  const state = facts.registries[registry]?.["dev"];
  return state?.state === "found" ? state.digest : null;
}

function recordRelease(facts: Facts, digest: Digest, version: Version): Step {
  const image = facts.config.imageName;
  const commit = facts.remoteTags[gitTag(image, "dev", version)] ?? facts.git.commit;
  const registries = facts.targets.map(({ name }) => name);
  const entry = { type: "release", stage: "dev", version, digest, commit, registries } as const;
  return step("record_release", `Record the release of ${version}`, [{ kind: "record", image, entry }]);
}

/** Where the release stands: registry x tag x digest, what was not tested, what to do next. */
export function tell(facts: Facts, image: Digest, release: { version: Version; untested: readonly string[] }): Step {
  const { version, untested } = release;
  const name = facts.config.imageName;
  const rows = targetPlaces(facts).flatMap(({ registry, repository }) =>
    ["dev", `dev-${version}`].map((tag) => `${registry.padEnd(12)} ${`${repository}:${tag}`.padEnd(44)} @image`),
  );
  const behind = facts.config.registries.filter((registry) => registry.required && !facts.targets.includes(registry));
  const text = [
    `${name} ${version} is released:`,
    ...rows,
    ...behind.map((registry) => `${registry.name.padEnd(12)} behind by choice`),
    ...untested.map((what) => `NOT TESTED   ${what}`),
    "",
    "Users get it with: i docker_pull",
    ...afterwards(facts, version),
  ].join("\n");
  return step("tell", "Tell where it stands", [{ kind: "announce", digest: image, text }]);
}

/** With changelog_update: after_release, the entry to add now. */
const afterwards = (facts: Facts, version: Version): string[] =>
  facts.config.release.changelogUpdate === "after_release"
    ? [`Now add the entry: i changelog_add --version ${version} --message "what changed"`]
    : [];
