import { join } from "node:path";
import type { ClusterNode, On } from "../config/cluster.ts";
import { loadNodes } from "../doors/cluster.ts";
import { hostPlatform } from "../doors/docker.ts";
import { loadLeftOut } from "../doors/runnable_dirs.ts";
import { UserError } from "../errors.ts";
import { type Repository, repositoryOf } from "../names/address.ts";
import { chooseReleased } from "../names/choose_image.ts";
import type { Version } from "../names/version.ts";
import { RegistryError } from "../oci/rules/failure.ts";
import type { Facts } from "../plan/facts.ts";
import { sharedClient } from "./client.ts";
import { loadFacts } from "./facts.ts";
import { lookForReleased } from "./look_image.ts";
import { servicesOfDir } from "./look_services.ts";
import { labelsOf } from "./registry_facts.ts";

/** The image of a dir in a registry, by its digest; null where none has it, and why. */
export type ClusterImage = {
  readonly reference: string;
  readonly tag: string;
  readonly version: Version | null;
  readonly repo: Repository;
  readonly digest: string | null;
  readonly missing: string;
  readonly labels: Readonly<Record<string, string>>;
};
/** What is known of a dir whose lists may run on a cluster. */
export type ClusterDir = {
  readonly facts: Facts<"registries" | "lastLog" | "nested">;
  readonly image: ClusterImage;
  /** Its containers reach services of the dir, which are where the caller is. */
  readonly hasServices: boolean;
};
export type Cluster = {
  readonly on: On;
  readonly nodes: readonly ClusterNode[];
  readonly platform: string;
  /** Of each dir that can be read; one that cannot says so in its own run. */
  readonly dirs: ReadonlyMap<string, ClusterDir>;
};
type Asked = {
  readonly on: On;
  readonly dirs: readonly string[];
  readonly offline: boolean;
  readonly skipSubmodules: boolean;
};

/** Looks at a swarm, and at each dir as its own workflow would. */
export async function lookForCluster(
  { place, env }: Facts,
  { on, dirs, offline, skipSubmodules }: Asked,
): Promise<Cluster> {
  const [nodes, known] = await Promise.all([
    loadNodes(on, { cwd: place.root, env }),
    Promise.all(dirs.map((dir) => lookAtDir(join(place.root, dir), { env, offline, skipSubmodules }))),
  ]);
  const platform = hostPlatform();
  return {
    on,
    nodes,
    platform,
    dirs: new Map(dirs.flatMap((dir, at) => (known[at] ? [[dir, known[at]] as const] : []))),
  };
}

type Here = { readonly env: Facts["env"]; readonly offline: boolean; readonly skipSubmodules: boolean };

async function lookAtDir(dir: string, { env, offline, skipSubmodules }: Here): Promise<ClusterDir | null> {
  try {
    const facts = await loadFacts({
      needs: ["git"],
      stage: "dev",
      versionFromChangelog: false,
      options: {},
      dir,
      offline,
      env,
      dotEnv: {},
    });
    if (facts.config.release.none) return null;
    const [released, nested, services] = await Promise.all([
      lookForReleased(facts, { stage: "dev", offline }),
      loadLeftOut(facts, { skipSubmodules }),
      servicesOfDir(facts),
    ]);
    const known = { ...facts, ...released, nested };
    const image = await imageOf(known);
    return image && { facts: known, image, hasServices: services !== null };
  } catch (error) {
    if (error instanceof UserError && !(error instanceof RegistryError)) return null;
    throw error;
  }
}

/** The image that a command on this machine would pull, and the first registry that has it; null where the dir has no registry. */
async function imageOf(facts: ClusterDir["facts"]): Promise<ClusterImage | null> {
  const { reference, tag, version } = chooseReleased(facts, "dev", null);
  const found = facts.targets.flatMap((registry) => {
    const state = facts.registries[registry.name]?.[tag];
    return state?.state === "found" ? [{ registry, digest: state.digest }] : [];
  });
  const [first] = found;
  const registry = first?.registry ?? facts.targets[0];
  if (!registry) return null;
  const repo = repositoryOf(registry, facts.config.imageName);
  const missing = `no registry has ${reference}`;
  if (!first) return { reference, tag, version, repo, digest: null, missing, labels: {} };
  const labels = labelsOf(await sharedClient(facts.env).configOf(repo, first.digest, hostPlatform()));
  return { reference, tag, version, repo, digest: first.digest, missing, labels };
}
