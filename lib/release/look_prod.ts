import { releaseTag, targetPlaces } from "../names/names.ts";
import { chooseBase } from "../names/releases.ts";
import { imageTag } from "../names/stage.ts";
import type { BaseImage, Facts, Looked, TagState } from "../plan/facts.ts";
import { readInputs } from "../run/inputs.ts";
import { claimOf } from "../run/ref_facts.ts";
import { lookForGates } from "../tests/look_gates.ts";

type Dev = Facts<"registries" | "log">;

/** What a release of dev and prod at once has to know beside the facts of dev. */
export async function lookForGatesAndProd(dev: Dev, options: { readonly offline: boolean }) {
  const [gates, prod] = await Promise.all([lookForGates(dev, options), lookForProd(dev, options)]);
  return { ...gates, prod };
}

/** The inputs of a prod image that stands on the dev image of its own version, and the claim of its release. */
async function lookForProd(
  dev: Dev,
  { offline }: { readonly offline: boolean },
): Promise<Pick<Looked, "inputs" | "claim">> {
  const prod = { ...dev, stage: "prod" as const };
  const isTagged = async () => prod.version !== null && releaseTag(prod, prod.version) in prod.git.tags;
  const [inputs, claim] = await Promise.all([
    readInputs(prod, { buildArg: undefined, base: ownBase(dev), isTagged }),
    claimOf({ base: prod, git: dev.git, offline }),
  ]);
  return { inputs, claim };
}

/** The dev image of the version as a registry has it, or as this run will push it. */
function ownBase(dev: Dev): BaseImage | null {
  const { version, log, registries } = dev;
  if (version === null) return null;
  const tag = imageTag("dev", "", version);
  const stateOf = (registry: string): TagState | undefined => registries[registry]?.[tag];
  const places = targetPlaces(dev).map((place) => ({ ...place, state: stateOf(place.registry) }));
  const there = places.find(({ state }) => state?.state === "found") ?? places[0];
  if (!there) return null;
  const newest = chooseBase(version, log, undefined);
  const why = newest?.version === version ? newest.why : "released just before";
  const digest = there.state?.state === "found" ? there.state.digest : { from: "push_dev" };
  return { version, why, digest, repository: there.repository };
}
