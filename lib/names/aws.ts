import type { Registry } from "../config/registry.ts";
import { UserError } from "../errors.ts";
import { quote } from "../plan/render_plan.ts";

/** Whom to ask at AWS: what the record of a registry of kind ecr says (`accountOfRepository`). */
export type AwsAccount = { readonly region?: string; readonly profile?: string };

type Json = Readonly<Record<string, unknown>>;
/** One revision of a task definition; `fields` are all that ECS told about it, in ECS's own names, and `tags` its tags. */
export type TaskDefinition = {
  readonly arn: string;
  readonly fields: Json;
  readonly tags: readonly Json[];
};
/** One attempt of ECS to bring a service to a revision. */
export type Deployment = {
  readonly id: string;
  readonly isPrimary: boolean;
  readonly revision: string;
  readonly desired: number;
  readonly running: number;
  readonly failed: number;
  /** IN_PROGRESS, COMPLETED or FAILED; null where the service's controller does not tell. */
  readonly rollout: string | null;
  readonly reason: string;
};
export type Service = {
  readonly name: string;
  readonly deployments: readonly Deployment[];
  /** What ECS said last about it. */
  readonly event: string;
};

/** Everything a deployment is planned from; `definition` is what the service runs, `newest` the newest of the family. */
export type DeploymentFacts = {
  readonly service: Service | null;
  /** The services of the cluster where the wanted one is missing. */
  readonly others: readonly string[];
  readonly definition: TaskDefinition | null;
  readonly newest: TaskDefinition | null;
};

const environments = ["prod", "preprod", "test"] as const;
export type Environment = (typeof environments)[number];

/** Text to an environment; throws on any other word. */
export function parseEnvironment(text: string): Environment {
  const found = environments.find((environment) => environment === text);
  if (found) return found;
  throw new UserError(`"${text}" is not an environment`, {
    why: `A service runs in ${environments.join(", ")}.`,
    fix: `Use --environment ${environments[0]}`,
  });
}

export type DeploymentOptions = {
  readonly environment: Environment;
  readonly taskDefinition?: string | undefined;
  readonly cluster: string;
  readonly service?: string | undefined;
};
/** Where a deployment goes. */
export type Target = { readonly cluster: string; readonly service: string; readonly family: string };

/** The names of a deployment: `<image>-prod` and `<image>-preprod`, the service called as its task definition unless named. */
export function targetOf(image: string, options: DeploymentOptions): Target {
  const family =
    options.taskDefinition ?? (options.environment === "test" ? noFamily() : `${image}-${options.environment}`);
  const { cluster, service = family } = options;
  for (const [what, name] of Object.entries({
    "--cluster": cluster,
    "--service": service,
    "--task-definition": family,
  }))
    if (!/^[A-Za-z0-9_][A-Za-z0-9_-]{0,254}$/.test(name)) throw badName(what, name);
  return { cluster, service, family };
}

const noFamily = (): never => {
  throw new UserError("no task definition was given for environment test", {
    why: "Every tester has an own one, so its name does not follow from the image's.",
    fix: "Name it: --environment test --task-definition NAME",
  });
};

const badName = (option: string, name: string): UserError =>
  new UserError(`${option} "${name}" is no name of ECS`, {
    why: "A name is up to 255 letters, digits, dashes and underscores, no dash first.",
    fix: `Write it like ${option} cmamp-prod`,
  });

/** The one registry of kind ecr that a deployment takes its image from. */
export function ecrTarget(targets: readonly Registry[], all: readonly Registry[]): Registry {
  const [first, second] = targets.filter(({ kind }) => kind === "ecr");
  if (first && !second) return first;
  const names = all.filter(({ kind }) => kind === "ecr").map(({ name }) => name);
  throw new UserError(first ? "several registries of kind ecr were meant" : "no registry of kind ecr was meant", {
    why: "ECS takes the image from one ECR, whose record also tells region and profile.",
    fix: names[0]
      ? `Name one: --target-registries ${names[0]}`
      : "Add one to container_registry_info of repo_config.yaml: ecr: {address: ..., kind: ecr, region: ...}",
  });
}

/** `arn:aws:ecs:eu-north-1:1:task-definition/cmamp-prod:12` to `cmamp-prod:12`. */
export const revisionName = (arn: string): string => arn.split("/").at(-1) ?? arn;
export const familyOf = (arn: string): string => revisionName(arn).replace(/:\d+$/, "");

/** What ECS tells about a revision and does not take for a new one (ECS API, RegisterTaskDefinition). */
const told = [
  ...(["taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"] as const),
  ...(["registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt"] as const),
];

/** The containers of a revision with their images. */
export const containersOf = ({ fields }: TaskDefinition): { readonly name: string; readonly image: string }[] =>
  (Array.isArray(fields["containerDefinitions"]) ? (fields["containerDefinitions"] as Json[]) : []).map((one) => ({
    name: String(one["name"]),
    image: String(one["image"]),
  }));

/** What to register so that these containers have the image and all else stays as it is. */
export function withImage(definition: TaskDefinition, containers: readonly string[], image: string): Json {
  const kept = Object.fromEntries(Object.entries(definition.fields).filter(([name]) => !told.includes(name as never)));
  const changed = (kept["containerDefinitions"] as Json[]).map((one) =>
    containers.includes(String(one["name"])) ? { ...one, image } : one,
  );
  const tags = definition.tags.length > 0 ? { tags: definition.tags } : {};
  return { ...kept, containerDefinitions: changed, ...tags };
}

/** Whether a revision is already what would be registered. */
export const isSameDefinition = (definition: TaskDefinition, wanted: Json): boolean =>
  sorted(withImage(definition, [], "")) === sorted(wanted);

/** JSON whose keys are in order and which leaves out what is not there. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort())
      : one,
  );

export const primaryOf = (service: Service): Deployment | undefined =>
  service.deployments.find(({ isPrimary }) => isPrimary);

export type Verdict = { readonly state: "going" | "done" } | { readonly state: "failed"; readonly cause: string };

/**
 * How a service stands on its way to a revision: done when ECS says so, or where it does not tell when all run and no
 * other deployment is left; failed when ECS says so or has turned to another revision.
 */
export function judge(service: Service, revision: string): Verdict {
  const primary = primaryOf(service);
  if (primary?.revision !== revision) {
    const own = service.deployments.find((one) => one.revision === revision);
    const cause = own?.reason || service.event || "it gave no reason";
    return {
      state: "failed",
      cause: `ECS turned to ${primary ? revisionName(primary.revision) : "nothing"}: ${cause}`,
    };
  }
  if (primary.rollout === "FAILED") return { state: "failed", cause: primary.reason || service.event };
  const isSteady = service.deployments.length === 1 && primary.running === primary.desired;
  return { state: (primary.rollout === null ? isSteady : primary.rollout === "COMPLETED") ? "done" : "going" };
}

/** Whether tags of a repository of ECR may move, and the filters of names for which it is the other way round. */
export type EcrSettings = { readonly isMutable: boolean; readonly exceptions: readonly string[] };

/** Whether a tag may move; `*` in a filter stands for anything (ECR API, ImageTagMutabilityExclusionFilter). */
export const mayMove = ({ isMutable, exceptions }: EcrSettings, tag: string): boolean =>
  isMutable !== exceptions.some((filter) => fits(filter, tag));

function fits(filter: string, tag: string): boolean {
  const parts = filter.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(tag);
}

/** The password that ECR gives an account, for standard input. */
export type EcrPassword = { readonly ecr: AwsAccount };

/** The options of the AWS CLI that name an account, with a space behind each. */
export const accountWords = ({ region, profile }: AwsAccount): string =>
  `${region ? `--region ${quote(region)} ` : ""}${profile ? `--profile ${quote(profile)} ` : ""}`;
