import { CreateRepositoryCommand, ECRClient, type ImageTagMutability } from "@aws-sdk/client-ecr";
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  type Tag,
  type TaskDefinition,
} from "@aws-sdk/client-ecs";
import { repositoryOf } from "../../lib/oci/registry.ts";
import { type FaultyProxy, startFaultyProxy } from "./faulty_proxy.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type HandImage, pushByHand } from "./hand_image.ts";
import { startMoto } from "./moto.ts";
import { startRegistry, type TestRegistry } from "./registry.ts";

export const region = "eu-north-1";
/** Stands in the environment alone. */
export const secretKey = "planted-secret-key-88fe";
const keys = { accessKeyId: "planted-key-id", secretAccessKey: secretKey };

/** AWS on loopback: ECS and ECR by moto behind the fleet, and ECR's registry, which lets in with its passwords. */
export type Aws = {
  readonly fleet: Fleet;
  /** The registry as clients reach it, and itself. */
  readonly proxy: FaultyProxy;
  readonly real: TestRegistry;
  /** What a program needs to reach all of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Makes a repository in ECR; whoever asks for it at the registry has to log in. */
  readonly repository: (name: string, mutability?: ImageTagMutability) => Promise<void>;
  /** Pushes an image by hand. */
  readonly push: (name: string, tag: string, image: HandImage) => Promise<void>;
  /** Makes a task definition of two containers and a service called like it. */
  readonly service: (family: string, image: string) => Promise<void>;
  readonly definition: (name: string) => Promise<TaskDefinition & { readonly tags: readonly Tag[] }>;
  /** The task definition that a service runs. */
  readonly running: (cluster: string, service: string) => Promise<string>;
  readonly end: () => Promise<void>;
};

/** Starts it; about 5 s. */
export async function startAws(): Promise<Aws> {
  const [moto, real] = await Promise.all([startMoto(), startRegistry()]);
  const [fleet, proxy] = await Promise.all([startFleet(moto.address), startFaultyProxy(real.address)]);
  // Who logs in asks for no image.
  proxy.fault("", fleet.login);
  const endpoint = `http://${fleet.address}`;
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const settings = { region, endpoint, credentials: keys };
  const [ecs, ecr] = [new ECSClient(settings), new ECRClient(settings)];
  const definition = async (name: string) => {
    const told = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: name, include: ["TAGS"] }));
    return { ...told.taskDefinition, tags: told.tags ?? [] };
  };
  return {
    fleet,
    proxy,
    real,
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_PROFILE: undefined,
    },
    repository: async (name, imageTagMutability) => {
      const more = imageTagMutability ? { imageTagMutability } : {};
      await ecr.send(new CreateRepositoryCommand({ repositoryName: name, ...more }));
      proxy.fault(name, fleet.login);
    },
    push: (name, tag, image) =>
      pushByHand(repositoryOf({ name: "ecr", kind: "oci", required: true, address: real.address }, name), image, {
        tag,
      }),
    service: (family, image) => makeService(ecs, family, image),
    definition,
    running: async (cluster, service) => {
      const { services } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
      return services?.[0]?.taskDefinition ?? "";
    },
    end: async () => {
      ecs.destroy();
      ecr.destroy();
      await Promise.all([fleet.stop(), proxy.stop()]);
      await Promise.all([moto.stop(), real.stop()]);
    },
  };
}

async function makeService(ecs: ECSClient, family: string, image: string): Promise<void> {
  await ecs.send(new CreateClusterCommand({ clusterName: "main" }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      taskRoleArn: "arn:aws:iam::123456789012:role/task",
      executionRoleArn: "arn:aws:iam::123456789012:role/run",
      containerDefinitions: [
        { name: "logs", image: "public.ecr.aws/fluent-bit:2", essential: false },
        {
          name: "app",
          image,
          essential: true,
          environment: [{ name: "STAGE", value: "prod" }],
          portMappings: [{ containerPort: 8080 }],
        },
      ],
      volumes: [{ name: "dags", efsVolumeConfiguration: { fileSystemId: "fs-1" } }],
      tags: [{ key: "team", value: "infra" }],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({ cluster: "main", serviceName: family, taskDefinition: family, desiredCount: 2 }),
  );
}
