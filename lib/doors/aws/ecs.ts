import type * as Sdk from "@aws-sdk/client-ecs";
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ECSClient,
  ListClustersCommand,
  ListServicesCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "../../../node_modules/@aws-sdk/client-ecs/dist-cjs/index.js";
import { type AwsAccount, containersOf, revisionName, type Service, type TaskDefinition } from "../../names/aws.ts";
import { awsError } from "./failure.ts";
import { clientSettings } from "./settings.ts";

type Named = { readonly cluster: string; readonly service: string };
/** Everything Slipway asks of ECS. What fails is a UserError with AWS's own words. */
export type Ecs = {
  /** A revision by its ARN or `family:12`, the newest active one by the family alone; null where there is none. */
  readonly definition: (name: string) => Promise<TaskDefinition | null>;
  /** A service that is not being deleted; null where there is none. */
  readonly service: (named: Named) => Promise<Service | null>;
  /** The names of a cluster's first services. */
  readonly services: (cluster: string) => Promise<readonly string[]>;
  /** The images of all services, those that a deployment goes away from or to as well. */
  readonly images: () => Promise<readonly string[]>;
  readonly register: (fields: Readonly<Record<string, unknown>>) => Promise<TaskDefinition>;
  /** Sends a service to a revision; `again` starts a new deployment although it is on it. */
  readonly update: (named: Named & { readonly revision: string; readonly again: boolean }) => Promise<Service>;
  /** Why the last task that stopped of a deployment did; empty where nobody tells. */
  readonly whyStopped: (named: Named & { readonly deployment: string }) => Promise<string>;
};

type Env = Readonly<Record<string, string | undefined>>;

export function newEcs(account: AwsAccount, env: Env, signal?: AbortSignal): Ecs {
  const client = new ECSClient(clientSettings(account, env));
  const options = signal ? { abortSignal: signal } : {};
  async function asked<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw signal?.aborted ? error : awsError(error, doing, account);
    }
  }
  return {
    definition: (name) => asked(`read task definition ${name} of ECS`, () => definition(client, name)),
    service: (named) =>
      asked(`read service ${named.service} in cluster ${named.cluster} of ECS`, () =>
        serviceOf(client, named, options),
      ),
    services: (cluster) =>
      asked(`list the services in cluster ${cluster} of ECS`, () => servicesOf(client, cluster, options)),
    images: () => asked("read what services of ECS run", () => imagesOf(client, options)),
    register: (fields) =>
      asked(`register a revision of ${String(fields["family"])} in ECS`, () => register(client, fields)),
    update: (to) =>
      asked(`send service ${to.service} in cluster ${to.cluster} of ECS to ${revisionName(to.revision)}`, () =>
        update(client, to),
      ),
    whyStopped: (named) => whyStopped(client, named),
  };
}

type SendOptions = { readonly abortSignal?: AbortSignal };

async function serviceOf(
  client: ECSClient,
  { cluster, service }: Named,
  options: SendOptions,
): Promise<Service | null> {
  const command = new DescribeServicesCommand({ cluster, services: [service] });
  const found = (await orNone(client.send(command, options)))?.services?.[0];
  return found && found.status !== "INACTIVE" ? toService(found) : null;
}

async function servicesOf(client: ECSClient, cluster: string, options: SendOptions): Promise<readonly string[]> {
  const command = new ListServicesCommand({ cluster, maxResults: 10 });
  return ((await orNone(client.send(command, options)))?.serviceArns ?? []).map(revisionName);
}

/** All pages of a list. */
async function pages<T>(ask: (nextToken: string | undefined) => Promise<Page<T>>): Promise<readonly T[]> {
  const all: T[] = [];
  for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
    const { rows, nextToken } = await ask(token);
    all.push(...rows);
    token = nextToken;
  }
  return all;
}
type Page<T> = { readonly rows: readonly T[]; readonly nextToken: string | undefined };

async function imagesOf(client: ECSClient, options: SendOptions): Promise<readonly string[]> {
  const clusters = await pages(async (nextToken) => {
    const page = await client.send(new ListClustersCommand({ nextToken }), options);
    return { rows: page.clusterArns ?? [], nextToken: page.nextToken };
  });
  const revisions = new Set<string>();
  for (const cluster of clusters) {
    const services = await pages(async (nextToken) => {
      const page = await client.send(new ListServicesCommand({ cluster, nextToken, maxResults: 10 }), options);
      return { rows: page.serviceArns ?? [], nextToken: page.nextToken };
    });
    // It describes ten at a time (ECS API, DescribeServices).
    for (let at = 0; at < services.length; at += 10) {
      const command = new DescribeServicesCommand({ cluster, services: services.slice(at, at + 10) });
      for (const service of (await client.send(command, options)).services ?? [])
        for (const one of [service, ...(service.deployments ?? [])])
          if (one.taskDefinition) revisions.add(one.taskDefinition);
    }
  }
  const definitions = await Promise.all([...revisions].map((revision) => definition(client, revision)));
  return definitions.flatMap((one) => (one ? containersOf(one).map(({ image }) => image) : []));
}

async function register(client: ECSClient, fields: Parameters<Ecs["register"]>[0]): Promise<TaskDefinition> {
  // The fields are those of a definition that ECS told, so the two that it asks for are among them.
  const input: Sdk.RegisterTaskDefinitionCommandInput = { family: "", containerDefinitions: [], ...fields };
  const { taskDefinition, tags } = await client.send(new RegisterTaskDefinitionCommand(input));
  return toDefinition(taskDefinition, tags);
}

async function update(client: ECSClient, to: Parameters<Ecs["update"]>[0]): Promise<Service> {
  const { cluster, service, revision, again } = to;
  const forced = again ? { forceNewDeployment: true } : {};
  const command = new UpdateServiceCommand({ cluster, service, taskDefinition: revision, ...forced });
  return toService((await client.send(command)).service ?? {});
}

/** A cluster that does not exist has no services. */
const orNone = <T>(call: Promise<T>): Promise<T | null> =>
  call.catch((error: unknown) => {
    if (error instanceof Error && error.name === "ClusterNotFoundException") return null;
    throw error;
  });

async function definition(client: ECSClient, name: string): Promise<TaskDefinition | null> {
  try {
    const command = new DescribeTaskDefinitionCommand({ taskDefinition: name, include: ["TAGS"] });
    const { taskDefinition, tags } = await client.send(command);
    return toDefinition(taskDefinition, tags);
  } catch (error) {
    // ECS has no name of its own for it (ECS API, DescribeTaskDefinition).
    if (error instanceof Error && error.name === "ClientException" && /unable to describe/i.test(error.message))
      return null;
    throw error;
  }
}

function toDefinition(fields: Sdk.TaskDefinition | undefined, tags: readonly Sdk.Tag[] = []): TaskDefinition {
  if (!fields?.taskDefinitionArn) throw new Error("ECS told a task definition without its ARN");
  return {
    arn: fields.taskDefinitionArn,
    fields: present(fields),
    tags: tags.map(({ key = "", value = "" }) => ({ key, value })),
  };
}

const present = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));

const toService = ({ serviceName = "", deployments = [], events = [] }: Sdk.Service): Service => ({
  name: serviceName,
  deployments: deployments.map((one) => ({
    id: one.id ?? "",
    isPrimary: one.status === "PRIMARY",
    revision: one.taskDefinition ?? "",
    desired: one.desiredCount ?? 0,
    running: one.runningCount ?? 0,
    failed: one.failedTasks ?? 0,
    rollout: one.rolloutState ?? null,
    reason: one.rolloutStateReason ?? "",
  })),
  event: events[0]?.message ?? "",
});

/** Comfort for an error: who may not list tasks, or is too late for them, reads the rest of it. */
async function whyStopped(client: ECSClient, asked: Named & { readonly deployment: string }): Promise<string> {
  try {
    const { cluster, service, deployment } = asked;
    const list = new ListTasksCommand({ cluster, serviceName: service, desiredStatus: "STOPPED" });
    const { taskArns = [] } = await client.send(list);
    if (taskArns.length === 0) return "";
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    const last = tasks.findLast(({ startedBy }) => startedBy === deployment);
    const reasons = [last?.stoppedReason, ...(last?.containers ?? []).map(({ reason }) => reason)];
    return reasons.filter(Boolean).join("; ");
  } catch {
    return "";
  }
}
