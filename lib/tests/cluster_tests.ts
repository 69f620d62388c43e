import { posix } from "node:path";
import { assertPlace, ownMemory, platformConstraint } from "../config/cluster.ts";
import { containerEnv, passedNames } from "../config/container_env.ts";
import { roomFor } from "../config/limits.ts";
import { suiteOf } from "../config/tested_dirs.ts";
import type { ListChoice, ListName } from "../config/tests.ts";
import { mountedTexts } from "../container/compose_file.ts";
import { reportsOf } from "../container/own_files.ts";
import { UserError } from "../errors.ts";
import { dataOf } from "../formats/coverage.ts";
import { isLoopback } from "../names/address.ts";
import { type Action, type Step, step } from "../plan/plan.ts";
import type { Cluster, ClusterDir } from "../run/look_cluster.ts";
import { clusterCode } from "./cluster_code.ts";
import { clusterTest } from "./cluster_test.ts";
import { failedTest, meaningOf } from "./test_meaning.ts";
import { listScript } from "./tests.ts";

export type ClusterOptions = ListChoice & {
  readonly teeToFile: boolean;
  readonly retryFlaky: number | undefined;
  readonly swarmNetwork: string | undefined;
};

/**
 * Why a list runs on the caller's engine although a cluster was named: it wants what only that has, or what a person has to
 * allow for this machine; null where any node will do.
 */
export function staysHere({ facts, hasServices }: ClusterDir, list: ListName): string | null {
  const { container, testMounts } = facts.config;
  const wants: Readonly<Record<string, boolean>> = {
    "the engine's socket": list === "qa" || container.socket,
    privileges: container.privileged,
    services: hasServices,
    "files of this machine":
      [...container.volumes, ...container.home, ...container.envFile, ...container.composeFiles, ...testMounts].length >
      0,
    "a network of others": container.network !== null,
    ports: container.ports.length > 0,
    "variables of yours": container.passEnv.length > 0,
  };
  return Object.keys(wants).find((name) => wants[name]) ?? null;
}

/** The step that brings the code to where nodes pull it from. */
export function pushCode({ on }: Cluster, dirs: readonly ClusterDir[]): Step {
  const git = dirs[0]?.facts.git;
  if (!git) throw new Error("code is pushed for no dir");
  const to = new Map(dirs.flatMap(({ image: { repo, digest } }) => (digest === null ? [] : [[repo.reference, repo]])));
  const actions = [clusterCode({ on, commit: git.code, branch: git.branch, to: [...to.values()] })];
  return step("push_code", `Push the code of ${git.code.slice(0, 12)}`, actions, {
    skip: to.size === 0 ? "no registry has an image of a dir that is tested" : null,
  });
}

/** Refuses a registry that each node takes for itself; only one node in the network of its machine finds it. */
function assertReachable({ nodes }: Cluster, { image: { repo } }: ClusterDir, network: string | undefined): void {
  if (!isLoopback(repo.host) || (nodes.length === 1 && network === "host")) return;
  throw new UserError(
    `registry ${repo.registry} is at ${repo.host}, which is another machine to each node of the swarm`,
    {
      why: "Nodes pull the image that is tested from it, and evidence is pushed to it.",
      fix: "Give it an address that all nodes reach in repo_config.yaml; a swarm of this machine alone finds it with --swarm-network host",
    },
  );
}

/** A list of a dir on a node; one that no node can hold is refused here. */
export function onCluster(
  cluster: Cluster,
  known: ClusterDir,
  { list, options }: { readonly list: ListName; readonly options: ClusterOptions },
): Action {
  const { facts, image } = known;
  const { config, place, git, user } = facts;
  assertReachable(cluster, known, options.swarmNetwork);
  const { dir } = place;
  const { constraints, deadline } = config.testCluster;
  const { cpus, memory: own } = roomFor({ cpus: config.testCpus, memory: config.testMemory });
  const memory = own > 0 ? own + ownMemory : 0;
  const all = [platformConstraint(cluster.platform), ...constraints];
  assertPlace(cluster.nodes, { what: `the ${list} list of ${dir}`, room: { cpus, memory }, constraints: all });
  const reports = reportsOf(facts, suiteOf(config, dir));
  const gate = { list, image: { ...image, stage: "dev" as const, local: null }, choice: options };
  const isRoot = user.uid === 0;
  return clusterTest({
    on: cluster.on,
    list,
    dir,
    repo: image.repo,
    image: image.digest,
    missing: image.missing,
    platform: cluster.platform,
    code: { commit: git.code, tree: git.tree },
    ...mountedTexts(listScript(facts, gate)),
    entrypoint: config.tests[list].entrypoint,
    cwd: posix.join("/app", dir),
    user: isRoot ? null : `${user.uid}:${user.gid}`,
    environment: {
      ...containerEnv(facts, { stage: "dev", version: image.version, labels: image.labels, root: place.root }),
      ...(isRoot ? {} : { HOME: "/slipway/home", USER: user.name, LOGNAME: user.name }),
    },
    passed: passedNames(facts),
    cpus,
    memory,
    constraints,
    network: options.swarmNetwork ?? null,
    deadline,
    retries: options.retryFlaky ?? 0,
    files: {
      junit: `${reports}/${list}.xml`,
      coverage: options.coverage ? dataOf(reports, list) : null,
      log: options.teeToFile ? `${reports}/${list}.log` : null,
    },
    does: `the ${list} tests`,
    reason: failedTest,
    meaning: meaningOf(facts, gate),
  });
}
