import { openEcs } from "../doors/aws.ts";
import { UserError } from "../errors.ts";
import { accountOfRepository, repositoryOf } from "../names/address.ts";
import {
  type DeploymentFacts,
  type DeploymentOptions,
  type Environment,
  ecrTarget,
  parseEnvironment,
  primaryOf,
  targetOf,
} from "../names/aws.ts";
import type { Facts } from "../plan/facts.ts";
import { text } from "../run/options.ts";

/** Where a deployment goes, and how long it may take. */
export const deploymentOptions = {
  environment: text<Environment>("NAME", "The environment to deploy to: prod, preprod or test.", {
    parse: parseEnvironment,
    fallback: "prod",
  }),
  taskDefinition: text<string>("NAME", "The task definition instead of <image>-prod or <image>-preprod.", {
    short: "t",
  }),
  cluster: text<string>("NAME", "The cluster of the service.", {
    fallback: "default",
  }),
  service: text<string>("NAME", "The service, where it is not called as its task definition."),
  timeout: text<number>("SECONDS", "How long the service may take to become healthy.", {
    parse: parseSeconds,
    fallback: 600,
  }),
} as const;

function parseSeconds(value: string): number {
  if (/^[1-9]\d{0,4}$/.test(value)) return Number(value);
  throw new UserError(`--timeout "${value}" is no number of seconds`, {
    why: "It is a whole number from 1 to 99999.",
    fix: "Write it like --timeout 600",
  });
}

type Base = Pick<Facts, "config" | "targets" | "env">;
type Options = DeploymentOptions & { readonly offline: boolean };

/** Looks at the service of a deployment and at the revisions in question; changes nothing. */
export async function loadDeployment(base: Base, options: Options): Promise<DeploymentFacts> {
  const registry = ecrTarget(base.targets, base.config.registries);
  const target = targetOf(base.config.imageName, options);
  if (options.offline) throw isOffline();
  const account = accountOfRepository(repositoryOf(registry, base.config.imageName));
  const ecs = await openEcs(account, base.env);
  const [service, newest] = await Promise.all([ecs.service(target), ecs.definition(target.family)]);
  const primary = service ? primaryOf(service) : undefined;
  const definition = primary ? await ecs.definition(primary.revision) : null;
  const others = service ? [] : await ecs.services(target.cluster);
  return { service, others, definition, newest };
}

const isOffline = (): UserError =>
  new UserError("a deployment cannot be planned with --offline", {
    why: "What a service runs is known to AWS alone.",
    fix: "Run the same command without --offline",
  });
