import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import type { Place } from "../plan/plan.ts";
import { type Repository, repositoryOf } from "./address.ts";
import { claimRef } from "./claim.ts";
import { gitTag, imageTag, type Stage } from "./stage.ts";
import type { Version } from "./version.ts";

type Named = Pick<Facts, "config" | "targets" | "user" | "version">;

/** The repository that images have in the engine: the first registry's, or the bare image name where a repo has none. */
export function engineRepository(facts: Pick<Facts, "config">): string {
  const first = facts.config.registries[0];
  return first ? repositoryOf(first, facts.config.imageName).reference : facts.config.imageName;
}

/** The image's repository in each target registry, in the config's order. */
export const targetPlaces = (facts: Pick<Facts, "config" | "targets">): Place[] =>
  facts.targets.map((registry) => ({
    registry: registry.name,
    repository: repositoryOf(registry, facts.config.imageName).reference,
  }));

/** The repository of a place of the plan, found by its registry's name. */
export function repositoryAt({ config }: Pick<Facts, "config">, place: Place): Repository {
  const registry = config.registries.find(({ name }) => name === place.registry);
  if (!registry) throw new Error(`the plan names registry ${place.registry}, which the config does not have`);
  return repositoryOf(registry, config.imageName);
}

/** The image of a stage and version as the engine knows it: `<address>/<image>:<tag>`. */
export const engineImage = (facts: Named, stage: Stage, version?: Version | null): string =>
  `${engineRepository(facts)}:${imageTag(stage, facts.user.name, version ?? undefined)}`;

/** What a build of this stage is called in the engine until its tests have passed. */
export const builtImage = (facts: Named & Pick<Facts, "stage">, version: Version): string =>
  engineImage(facts, facts.stage === "prod" ? "prod" : "local", version);

/** `dev-X.Y.Z` or `prod-X.Y.Z`: the tag of a version, which never moves. */
export const versionTag = (facts: Pick<Facts, "stage">, version: Version): string => imageTag(facts.stage, "", version);

/** The Git tag of a version of the stage that the flow releases. */
export const releaseTag = (facts: Pick<Facts, "config" | "stage">, version: Version): string =>
  gitTag(facts.config.imageName, facts.stage, version);

/** What an annotated tag of a release says: it tells it from a tag of another toolchain. */
export const tagMessage = (tag: string): string => `Release ${tag}`;

/** The ref that only one release of a version holds at a time. */
export const releaseClaim = (facts: Pick<Facts, "config" | "stage">, version: Version): string =>
  claimRef(facts.config.release.refPrefix, releaseTag(facts, version));

/** Whether the image of this flow is an index of several platforms; one platform that was named is none. */
export const isIndex = ({ platforms }: Pick<Facts, "platforms">): boolean => platforms.length > 1;

/** The first target: it gets the image from the engine, all others from it. */
export function firstTarget(facts: Pick<Facts, "config" | "targets">): Place {
  const [first] = targetPlaces(facts);
  if (first) return first;
  throw new UserError("no registry is configured", {
    why: "A release pushes to the registries of container_registry_info.",
    fix: "Add one to repo_config.yaml, e.g. container_registry_info: {ghcr: ghcr.io/acme}",
  });
}

/** The version a flow cannot do without; throws when neither an option nor the changelog gives one. */
export function requireVersion(facts: Facts): Version {
  if (facts.version) return facts.version;
  throw new UserError("no version was given and changelog.txt has no entries", {
    why: "The version comes from --version or from the newest entry of the stage.",
    fix: "Pass --version X.Y.Z, or add an entry: i changelog_add --message 'what changed'",
  });
}
