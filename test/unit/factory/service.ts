import type { Deployment, DeploymentFacts, Service } from "../../../lib/names/aws.ts";
import { digest } from "./values.ts";

/** A service that runs revision 12 of a family, in one container with 1.1.0 of cmamp. */
export function onEcs(family: string, more: Partial<DeploymentFacts> = {}): DeploymentFacts {
  const arn = `arn:aws:ecs:eu-north-1:1:task-definition/${family}:12`;
  const container = { name: "app", image: `127.0.0.1:5001/cmamp@${digest("1")}` };
  const definition = { arn, fields: { family, containerDefinitions: [container] }, tags: [] };
  return { service: served(arn), others: [], definition, newest: definition, ...more };
}

/** A service of two tasks, all of which run a revision. */
export const served = (revision: string, more: Partial<Deployment> = {}): Service => ({
  name: "cmamp-prod",
  event: "has reached a steady state.",
  deployments: [
    {
      ...{ id: "ecs-svc/1", isPrimary: true, revision, desired: 2, running: 2, failed: 0 },
      ...{ rollout: "COMPLETED", reason: "" },
      ...more,
    },
  ],
});
