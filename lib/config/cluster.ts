import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import type { Repository } from "../names/address.ts";
import type { Stage } from "../names/stage.ts";
import type { Descriptor } from "../oci/rules/copy_plan.ts";
import { isNode, jsonOf, textAt, valueAt } from "../text/shape.ts";
import { bytes } from "../text/units.ts";
import type { Evidence } from "./evidence.ts";
import { fitsIn, type Room } from "./limits.ts";
import { constraintForm } from "./tests.ts";

/** Where test lists run that do not run here: an engine that is a manager of a swarm, by its Docker context; null for this one's. */
export type On = { readonly context: string | null };

/** `swarm` or `swarm:CONTEXT`. */
export function parseOn(value: string): On {
  const [, context = null] = /^swarm(?::([a-zA-Z0-9][\w.+-]{0,100}))?$/.exec(value) ?? [undefined, undefined];
  if (context !== null || value === "swarm") return { context };
  throw new UserError(`--on "${value}" is no cluster`, {
    why: "It is swarm, or swarm:CONTEXT with a context of docker context ls.",
    fix: "Pass one: --on swarm",
  });
}

type Beside = { readonly stage: Stage; readonly matrix: number | undefined };

/** Refuses options that make no sense beside a cluster. */
export function assertTogether({ stage, matrix }: Beside): void {
  if (stage === "dev" && matrix === undefined) return;
  const [other, why] =
    matrix === undefined
      ? [
          `--stage ${stage}`,
          "Its nodes pull the dev image from a registry; other stages are tested where they are built.",
        ]
      : ["--matrix", "A matrix has a CI's own machines run the dirs."];
  throw new UserError(`--on and ${other} exclude each other`, { why, fix: "Leave one of them out" });
}

/** The words that Docker's client begins with for its engine. */
export const clientWords = ({ context }: On): readonly string[] =>
  context === null ? ["docker"] : ["docker", "--context", context];

/** A node of a swarm that takes tasks. */
export type ClusterNode = {
  readonly name: string;
  readonly room: Room;
  readonly fields: Readonly<Record<string, string>>;
};

/** The nodes of `docker node inspect` that are ready and take tasks (Engine API, "Node"). */
export function readNodes(json: string): readonly ClusterNode[] {
  const all = jsonOf(json);
  return (Array.isArray(all) ? all : []).flatMap((node: unknown) => {
    const isTaking = textAt(node, "Status", "State") === "ready" && textAt(node, "Spec", "Availability") === "active";
    if (!isTaking) return [];
    const named = (prefix: string, labels: unknown) =>
      Object.entries(isNode(labels) ? labels : {}).map(
        ([name, value]) => [`${prefix}.${name}`, String(value)] as const,
      );
    const name = textAt(node, "Description", "Hostname") ?? "";
    const fields = {
      "node.id": textAt(node, "ID") ?? "",
      "node.hostname": name,
      "node.role": textAt(node, "Spec", "Role") ?? "",
      "node.platform.os": textAt(node, "Description", "Platform", "OS") ?? "",
      "node.platform.arch": textAt(node, "Description", "Platform", "Architecture") ?? "",
      ...Object.fromEntries(named("node.labels", valueAt(node, "Spec", "Labels"))),
      ...Object.fromEntries(named("engine.labels", valueAt(node, "Description", "Engine", "Labels"))),
    };
    const cpus = Number(valueAt(node, "Description", "Resources", "NanoCPUs") ?? 0) / 1e9;
    const memory = Number(valueAt(node, "Description", "Resources", "MemoryBytes") ?? 0);
    return [{ name, room: { cpus, memory }, fields }];
  });
}

/** Whether a node is what a constraint asks for; Swarm compares without regard to case. */
function fits({ fields }: ClusterNode, constraint: string): boolean {
  const [, field = "", operator, value = ""] = constraintForm.exec(constraint) ?? [];
  const isEqual = (fields[field] ?? "").toLowerCase() === value.toLowerCase();
  return operator === "==" ? isEqual : !isEqual;
}

/** What Swarm calls the machine of a platform. */
const machines: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64", arm: "armv7l" };
export const platformConstraint = (platform: string): string =>
  `node.platform.arch==${machines[platform.split("/")[1] ?? ""] ?? platform.split("/")[1]}`;

/** Bytes that what runs a list inside takes beside it. */
export const ownMemory = 128 * 2 ** 20;

type Wanted = { readonly what: string; readonly room: Room; readonly constraints: readonly string[] };

/** Refuses what no node can hold, before it waits for ever. */
export function assertPlace(nodes: readonly ClusterNode[], { what, room, constraints }: Wanted): void {
  const meant = nodes.filter((node) => constraints.every((one) => fits(node, one)));
  if (meant.some((node) => fitsIn(node.room, room))) return;
  const why = "It would wait for ever.";
  if (meant.length === 0)
    throw new UserError(
      `${what} wants a node with ${constraints.join(", ")}, and the swarm has none that takes tasks`,
      {
        why,
        fix: "See what its nodes are: docker node ls; or change tests.swarm.constraints in its repo_config.yaml",
      },
    );
  const most = (of: (room: Room) => number) => Math.max(...meant.map((node) => of(node.room)));
  throw new UserError(
    `${what} wants ${room.cpus} cores and ${bytes(room.memory)} of memory on one node, and the largest has ${most(({ cpus }) => cpus)} and ${bytes(most(({ memory }) => memory))}`,
    { why, fix: "Lower tests.cpus or tests.memory in its repo_config.yaml, or add a larger node: docker swarm join" },
  );
}

/** What a container on a node is told to do. */
export type Job = {
  readonly repo: Repository;
  /** Under which evidence is put. */
  readonly tag: string;
  readonly subject: Pick<Descriptor, "mediaType" | "digest" | "size">;
  readonly of: Pick<Evidence, "run" | "dir" | "list" | "image" | "commit" | "tree">;
  /** The entrypoint of the image and the runner behind it. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The texts of the runner and of what it runs. */
  readonly runner: string;
  readonly script: string;
  readonly does: string;
  readonly retries: number;
  /** Exit codes that pass beside 0, and those with a meaning of their own, which no second try changes. */
  readonly passing: readonly number[];
  readonly meant: readonly number[];
  readonly junit: string;
  readonly coverage: string | null;
};

/** The variable that holds it, and the folder of the secret: a Docker configuration with more in it. */
export const jobVariable = "SLIPWAY_JOB";
export const secretFolder = "/slipway/secret";
export const runtimeFolder = "/slipway/runtime";

/** The name of a service, or a secret: of a run and a step, as Swarm takes it. */
export function serviceName(run: string, step: string): string {
  const hash = createHash("sha256").update(`${run} ${step}`).digest("hex").slice(0, 12);
  return `slipway-${step
    .replaceAll(/[^a-zA-Z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-|-$/g, "")}-${hash}`;
}

/** The tag of evidence of an image: each run's own, which never moves. */
export const evidenceTag = (image: string, service: string): string =>
  `evidence-${image.replace("sha256:", "").slice(0, 12)}-${service}`;
