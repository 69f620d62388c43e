import { unread } from "../config/registry.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { lastOf, versionOf } from "../names/log.ts";
import { targetPlaces, versionTag } from "../names/names.ts";
import { candidatesOf, releaseInUse, testsOf } from "../names/releases.ts";
import { compareVersions, isVersion, type Version } from "../names/version.ts";
import type { Facts, RegistryFacts, TagState } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { minute, shortDigest } from "../text/units.ts";
import { assertNotRemoved } from "./agreement.ts";
import { flip, flipChannels } from "./flip.ts";
import type { MoveTag } from "./move_tag.ts";
import { releasedDigest } from "./push.ts";
import { settleMove } from "./settle_move.ts";

export type RollbackOptions = {
  readonly version?: Version | undefined;
  readonly message: readonly string[];
  /** Questions are answered, so nobody looks at what there is to go back to. */
  readonly yes?: boolean;
};

/**
 * Points dev (or prod) at the digest of an earlier version in every registry; versioned tags never move (design.md, "what rollback
 * means"). The flip reads back what it put, so at most five requests go to a registry.
 */
export function rollback(known: Facts<"log">, options: RollbackOptions, registries: RegistryFacts): Step[] {
  const facts = { ...known, registries };
  const version = versionBack(facts, options);
  const { stage } = facts;
  const image = releasedDigest(facts, version) ?? notReleased(facts, version);
  assertEverywhere(facts, version);
  const places = targetPlaces(facts).map((place) => ({ ...place, seen: seenDigest(facts, place.registry, stage) }));
  const names = places.map(({ registry }) => registry).join(", ");
  const reason = options.message.join(" ");
  const skip = places.every(({ seen }) => seen === image) ? `${stage} is ${version} everywhere` : null;
  const title = `Point ${stage} back at ${version} in ${names}`;
  const text = [
    `${facts.config.imageName}: ${stage} is ${version} again, <digest>, in ${names}`,
    ...whatWas(facts, places, image),
    `Get it with: i docker_pull${stage === "prod" ? " --stage prod" : ""}`,
  ].join("\n");
  return [
    // No upload is opened to see whether we may push: the flip's own PUT shows it, and puts the others back where it may not.
    step("preflight", "Check for an unfinished tag move", [settleMove({})]),
    flip(facts, { title, skip, version, why: "rollback", to: image, places, ...(reason ? { reason } : {}) }),
    ...flipChannels(facts, { version, why: "rollback", to: image, ...(reason ? { reason } : {}) }),
    step("tell", "Report the result", [announce({ digest: image, text })]),
  ];
}

/** What the tag was until then, a line for each image. */
function whatWas({ log }: Facts<"log">, places: MoveTag["places"], image: string): string[] {
  const others = [...new Set(places.map(({ seen }) => seen))].filter((seen) => seen !== image);
  return others.map((seen) => {
    const where = places.flatMap((place) => (place.seen === seen ? [place.registry] : [])).join(", ");
    if (seen === null) return `It was nothing in ${where}`;
    const known = lastOf(log, seen);
    return `It was ${known ? versionOf(known) : "an image that the log does not know"}, ${shortDigest(seen)}, in ${where}`;
  });
}

/** A rollback keeps the mutable tag the same in every registry, so each must have the version. */
function assertEverywhere(facts: Facts<"registries">, version: Version): void {
  const tag = versionTag(facts, version);
  const missing = facts.targets.filter(({ name }) => facts.registries[name]?.[tag]?.state !== "found");
  if (missing.length === 0) return;
  throw new UserError(`${tag} is not in ${missing.map(({ name }) => name).join(", ")}`, {
    why: `A rollback keeps ${facts.stage} the same in every registry, so each must have the version.`,
    fix: `Copy it there first: i release_mirror --version ${version}`,
  });
}

/** The version that was typed; else the highest that a person may go back to, whom its evidence is shown to. */
function versionBack(facts: Facts<"log">, { version, yes = false }: RollbackOptions): Version {
  if (version) return version;
  const [first] = candidatesOf(facts.log, facts.stage);
  return first && facts.terminal && !yes ? first.version : refuseWithCandidates(facts);
}

/** The question before a rollback, below what is known of the versions where none was typed. */
export function asksRollback(facts: Facts<"log">, options: RollbackOptions, registries: RegistryFacts): string {
  const version = versionBack(facts, options);
  const question = `Point ${facts.stage} of ${facts.config.imageName} back at ${version} in ${facts.targets.map(({ name }) => name).join(", ")}?`;
  return options.version ? question : [...evidence({ ...facts, registries }), question].join("\n");
}

/** What is known of each version that one may go back to: when it was released, its tests, and where it is. */
function evidence(facts: Facts<"registries" | "log">): string[] {
  const { log, stage, targets, registries } = facts;
  const now = releaseInUse(log, stage)?.version;
  const rows = candidatesOf(log, stage).flatMap(({ version, digest, at, by }) => {
    const tag = versionTag(facts, version);
    const where = targets.map(({ name }) => `${name} ${whatIs(registries[name]?.[tag], digest)}`);
    const tests = testsOf(log, digest);
    return [
      `${version}  released by ${by} at ${minute(at)}`,
      `    ${where.join(", ")}`,
      ...(tests.length > 0 ? tests : ["no test of it is recorded"]).map((line) => `    ${line}`),
      `    what is other in it: i compare_packages ${tag} ${stage}`,
    ];
  });
  return [`${stage} is ${now}; another version than the first one is named with --version:`, ...rows];
}

function whatIs(state: TagState | undefined, digest: string): string {
  if (state?.state === "found") return state.digest === digest ? "has it" : "has another image";
  return state?.state === "unknown" ? "does not answer" : "does not have it";
}

/** The digest behind a tag in one registry at planning time; null where there is none. */
export function seenDigest(facts: Facts<"registries">, registry: string, tag: string): string | null {
  const state = facts.registries[registry]?.[tag];
  if (state?.state === "found") return state.digest;
  if (state?.state !== "unknown") return null;
  throw unread(registry, state);
}

function refuseWithCandidates(facts: Facts<"log">): never {
  const versions = [
    ...new Set(
      facts.log.flatMap((entry) =>
        entry.type === "release" && entry.stage === facts.stage && isVersion(entry.version) ? [entry.version] : [],
      ),
    ),
  ]
    .sort(compareVersions)
    .reverse();
  throw new UserError("no version to go back to was given", {
    why: versions.length > 0 ? `Released are ${versions.slice(0, 8).join(", ")}.` : "Nothing has been released yet.",
    fix: `Pass one: i docker_rollback_${facts.stage} --version ${versions[1] ?? versions[0] ?? "X.Y.Z"}`,
  });
}

const notReleased = (facts: Facts<"registries" | "log">, version: Version): never => {
  assertNotRemoved(facts, version);
  throw new UserError(`${facts.config.imageName} has no released ${facts.stage} ${version}`, {
    why: `No registry has ${versionTag(facts, version)}.`,
    fix: "See what there is: i release_history",
  });
};
