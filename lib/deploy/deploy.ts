import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { record } from "../kinds/record.ts";
import { accountOfRepository, repositoryOf } from "../names/address.ts";
import {
  type AwsAccount,
  containersOf,
  type DeploymentFacts,
  type DeploymentOptions,
  ecrTarget,
  familyOf,
  isSameDefinition,
  judge,
  primaryOf,
  revisionName,
  type Service,
  type Target,
  type TaskDefinition,
  targetOf,
  withImage,
} from "../names/aws.ts";
import { type Deployed, sameEntry } from "../names/log.ts";
import { requireVersion } from "../names/names.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { assertAsLogged } from "../release/agreement.ts";
import { assertNotRolledBack } from "../release/release_rules.ts";
import { seenDigest } from "../release/rollback.ts";
import { ecsRevision, ecsService } from "./ecs.ts";

type Released = Facts<"registries" | "log">;
export type UpdateOptions = DeploymentOptions & {
  /** The tag of a candidate, instead of a released version. */
  readonly candidate?: string | undefined;
  readonly container?: string | undefined;
  readonly timeout: number;
};

/** What is to run where, and how far that is done. */
type Deployment = {
  /** The version, or the tag of a candidate. */
  readonly version: string;
  readonly tag: string;
  readonly target: Target;
  readonly account: AwsAccount;
  readonly digest: string;
  /** `<address>/<image>@<digest>`: what the containers get. */
  readonly image: string;
  readonly containers: readonly string[];
  /** The revision that the service runs now, with its definition. */
  readonly definition: TaskDefinition;
  readonly isRegistered: boolean;
  readonly isRunning: boolean;
  readonly back: string | null;
};

/**
 * Brings a released prod image, by digest, to a service of ECS: a revision that differs in nothing but the image, then
 * the service, watched until it is healthy; where it is not in time, it goes back to the revision before. An environment
 * other than prod may get a candidate.
 */
export function updateTaskDefinition(facts: Released, options: UpdateOptions, seen: DeploymentFacts): Step[] {
  const found = deploymentOf(facts, options, seen);
  const { version, tag, target, account, image, containers, definition, back, digest } = found;
  const { cluster, service, family } = target;
  const name = facts.config.imageName;
  const revision = ecsRevision({ account, from: definition.arn, containers, image });
  const sending = ecsService({ account, target, image, back, seconds: options.timeout });
  const entry: Deployed = { type: "deployment", environment: options.environment, version, digest, cluster, service };
  const last = facts.log.findLast(
    (one) => one.type === "deployment" && one.cluster === cluster && one.service === service,
  );
  const isRecorded = found.isRunning && last !== undefined && sameEntry(last, entry);
  const text = `${name} ${version} runs in service ${service} of cluster ${cluster}:\n${image}`;
  return [
    step("register_revision", `Register a revision of ${family} with ${tag}`, [revision], {
      skip: found.isRegistered ? "a revision has it" : null,
    }),
    step("update_service", `Send service ${service} in cluster ${cluster} to it, and watch`, [sending], {
      skip: found.isRunning ? `it runs ${revisionName(definition.arn)}, which has it` : null,
    }),
    // The same version may be deployed again after another one, so the last entry counts, not any.
    step("record_deployment", `Record that ${service} runs ${version}`, [
      record({ image: name, entry, ...(isRecorded ? {} : { again: true }) }),
    ]),
    step("tell", "Report the result", [announce({ text, data: { ...target, version, image } })]),
  ];
}

/** The question before a service changes; none where it runs the image already. */
export function asksUpdate(facts: Released, options: UpdateOptions, seen: DeploymentFacts): string | null {
  const { version, target, definition, isRunning } = deploymentOf(facts, options, seen);
  if (isRunning) return null;
  const { service, cluster } = target;
  return `Send service ${service} in cluster ${cluster} (${options.environment}), now on ${revisionName(definition.arn)}, to ${facts.config.imageName} ${version}?`;
}

function deploymentOf(facts: Released, options: UpdateOptions, seen: DeploymentFacts): Deployment {
  const { version, tag } = subjectOf(facts, options);
  const registry = ecrTarget(facts.targets, facts.config.registries);
  const repo = repositoryOf(registry, facts.config.imageName);
  const target = targetOf(facts.config.imageName, options);
  const digest = seenDigest(facts, registry.name, tag) ?? notThere(facts, tag, registry.name);
  const image = `${repo.reference}@${digest}`;
  const service = seen.service ?? noService(seen, target);
  const definition = seen.definition ?? noRevision(target);
  if (familyOf(definition.arn) !== target.family) throw otherFamily(target, definition);
  const containers = containersFor(definition, repo.reference, options.container);
  const hasImage = containersOf(definition).every((one) => !containers.includes(one.name) || one.image === image);
  const { newest } = seen;
  return {
    version,
    tag,
    target,
    account: accountOfRepository(repo),
    digest,
    image,
    containers,
    definition,
    isRegistered: hasImage || (newest !== null && isSameDefinition(newest, withImage(definition, containers, image))),
    isRunning: hasImage && judge(service, definition.arn).state === "done",
    back: hasImage ? revisionBefore(service, definition.arn) : definition.arn,
  };
}

/** What is brought there; prod itself gets nothing but what was tested and released. */
function subjectOf(facts: Released, { candidate, environment }: UpdateOptions): Pick<Deployment, "version" | "tag"> {
  if (candidate === undefined) {
    const version = requireVersion(facts);
    if (environment === "prod") assertNotRolledBack(facts, version);
    assertAsLogged(facts, version);
    return { version, tag: `prod-${version}` };
  }
  if (facts.version)
    throw new UserError(`--version ${facts.version} and --candidate ${candidate} name two images`, {
      why: "A service gets one.",
      fix: "Drop one of them",
    });
  if (environment !== "prod") return { version: candidate, tag: candidate };
  throw new UserError(`--candidate ${candidate} cannot go to environment prod`, {
    why: "prod runs what was tested and released; a candidate is tried elsewhere.",
    fix: `Try it in another: --environment preprod --candidate ${candidate}; or release it: i docker_release_prod`,
  });
}

/** A run before this one may have sent the service on its way: then what it ran before is still there beside it. */
const revisionBefore = (service: Service, revision: string): string | null =>
  service.deployments.find((one) => one !== primaryOf(service) && one.revision !== revision)?.revision ?? null;

/** The containers that run an image of this repository, else the one that was named, else the only one. */
function containersFor(definition: TaskDefinition, repository: string, named: string | undefined): readonly string[] {
  const all = containersOf(definition);
  const own = all.filter(({ image }) => image.replace(/(@.*)?$/, "").replace(/:[^:/]*$/, "") === repository);
  const chosen = named ? all.filter(({ name }) => name === named) : own.length > 0 ? own : all.length === 1 ? all : [];
  if (chosen.length > 0) return chosen.map(({ name }) => name);
  const rows = all.map(({ name, image }) => `${name} (${image})`).join(", ");
  throw new UserError(named ? `no container is called "${named}"` : `no container runs an image of ${repository}`, {
    why: `${revisionName(definition.arn)} has ${rows || "none"}; the others stay as they are.`,
    fix: `Name the one to change: --container ${all[0]?.name ?? "NAME"}`,
  });
}

const notThere = (facts: Facts, tag: string, registry: string): never => {
  throw new UserError(`${registry} has no ${tag} of ${facts.config.imageName}`, {
    why: "A service gets what was pushed, by the digest that the registry shows.",
    fix: facts.version
      ? `See what there is: i release_history; release it: i docker_release_prod --version ${facts.version}`
      : "Make it from its commit: i docker_create_candidate",
  });
};

const noService = ({ others }: DeploymentFacts, { cluster, service }: Target): never => {
  throw new UserError(`cluster ${cluster} of ECS has no service ${service}`, {
    why:
      others.length > 0 ? `It has ${others.join(", ")}.` : "It has none, or there is no such cluster in this region.",
    fix: `Name it: ${others[0] ? `--service ${others[0]}` : "--cluster NAME --service NAME"}`,
  });
};

const noRevision = ({ service }: Target): never => {
  throw new UserError(`service ${service} of ECS runs no task definition`, {
    why: "A new revision is the one that runs with another image.",
    fix: `Give it a first one: aws ecs update-service --service ${service} --task-definition NAME`,
  });
};

const otherFamily = ({ service, family }: Target, { arn }: TaskDefinition): UserError =>
  new UserError(`service ${service} runs ${revisionName(arn)}, not a revision of ${family}`, {
    why: "A service is only sent to a revision of the task definition that it runs.",
    fix: `Name that one: --task-definition ${familyOf(arn)} --service ${service}`,
  });
