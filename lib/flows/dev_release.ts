import { claimRef } from "../model/claim.ts";
import type { Facts } from "../model/facts.ts";
import { requireVersion, targetPlaces } from "../model/names.ts";
import { cmd, type Digest, type Step, step } from "../model/plan.ts";
import { gitTag } from "../model/stage.ts";
import type { Version } from "../model/version.ts";
import { engineName, publishedDigest, pushDev, sourcePlace, tagLocalAsDev } from "./dev.ts";
import { type Found, findImage } from "./find_image.ts";
import { type GateOptions, gates } from "./gates.ts";
import { buildImage } from "./local.ts";
import { publish, tell } from "./publish.ts";
import { assertMayRelease, assertTagFits } from "./release_rules.ts";

export type ReleaseOptions = GateOptions & { readonly cache: boolean; readonly pushToRepo: boolean };

/** A dev release from preflight to the verified table: design.md, "Which image: a dev release, step by step". */
export function releaseDev(facts: Facts, options: ReleaseOptions): Step[] {
  const version = requireVersion(facts);
  assertMayRelease(facts, version);
  const found = findImage(facts, version);
  assertTagFits(facts, version);
  const image: Digest = found.digest ?? { digest: "@image" };
  const claim = claimRef(facts.config.release.refPrefix, gitTag(facts.config.imageName, "dev", version));
  const tests = gates(facts, { version, image, what: engineName(facts, image, version), options });
  const untested = tests.flatMap(({ id, skip }) => (skip?.startsWith("--") ? [`${id} (${skip})`] : []));
  const upToPush = [
    step("preflight", "Look at engine, disk and the right to push", [
      { kind: "check", what: "engine" },
      { kind: "check", what: "disk" },
      { kind: "check", what: "flip" },
      { kind: "check", what: "push", places: targetPlaces(facts) },
    ]),
    step("claim", `Claim ${version}`, [{ kind: "git_ref", op: "claim", ref: claim }], { yields: "claim" }),
    ...obtainImage(facts, { version, found, options }),
    step("note_digest", "Note the digest in the claim", [{ kind: "git_ref", op: "claim", ref: claim, digest: image }]),
    ...tests,
    ...tagLocalAsDev(facts, image, version).map((one) =>
      one.id === "tag_local_as_dev" && found.where === "registry" && !found.pulled
        ? { ...one, skip: "the engine does not have it" }
        : one,
    ),
  ];
  const release = step("release_claim", "Give the claim back", [{ kind: "git_ref", op: "release_claim", ref: claim }]);
  if (!options.pushToRepo) return [...upToPush, release];
  const published = publishedDigest(facts, image, version);
  return [
    ...upToPush,
    ...pushDev(facts, image, version),
    ...publish(facts, published, version),
    release,
    tell(facts, published, { version, untested }),
  ];
}

type Obtain = { readonly version: Version; readonly found: Found; readonly options: ReleaseOptions };

function obtainImage(facts: Facts, { version, found, options }: Obtain): Step[] {
  const [build] = buildImage(facts, { version, mode: "no_update", options: { cache: options.cache, buildArg: [] } });
  if (!build) return [];
  if (found.where !== "registry") return [{ ...build, skip: found.digest ? `already built: ${found.digest}` : null }];
  const from = `${sourcePlace(facts, `dev-${version}`).repository}@${found.digest}`;
  const image = found.digest ?? "";
  const gatesDone = gates(facts, { version, image, what: image, options }).every(({ skip }) => skip !== null);
  const pull = step("pull_image", `Pull dev-${version} to test it`, [cmd`docker pull ${from}`], {
    skip: found.pulled ? "the engine has it" : gatesDone ? "every gate has passed" : null,
  });
  return [{ ...build, skip: `dev-${version} is in a registry` }, pull];
}
