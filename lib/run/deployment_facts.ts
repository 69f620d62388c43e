import { openEcs } from "../doors/aws.ts";
import { type DeploymentFacts, type DeploymentOptions, ecrTarget, primaryOf, targetOf } from "../model/aws.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { accountOfRepository, repositoryOf } from "../model/oci/address.ts";

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
    fix: "Type the same command without --offline",
  });
