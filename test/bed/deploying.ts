import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Aws, region, startAws } from "./aws.ts";
import { addRemote, commitAll } from "./git.ts";
import { handImage } from "./hand_image.ts";
import { changelog, write } from "./tiny_repo.ts";
import { type Done, workflowsIn } from "./workflow.ts";

export const name = "served";
export const script = "docker_update_prod_task_definition";
export const older = handImage("served 1.0.0", [100]);
export const newer = handImage("served 1.1.0", [100]);
export const candidate = "prod-ada-0a1b2c3d4";

/** AWS with prod 1.0.0, 1.1.0 and a candidate of one image, and the image's repo. */
export type Deploying = {
  readonly aws: Aws;
  readonly dir: string;
  readonly repo: string;
  /** What the workflow reads its logins from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The image's reference in ECR. */
  readonly image: (digest: string) => string;
  readonly update: (...words: readonly string[]) => Promise<Done>;
  /** Sends the last service to a version. */
  readonly to: (version: string, ...words: readonly string[]) => Promise<Done>;
  /** Makes a service on a revision with 1.0.0, and forgets what AWS was asked; gives its name, svc-1, svc-2, ... */
  readonly service: () => Promise<string>;
  readonly end: () => Promise<void>;
};

/** Starts all of it. */
export async function startDeploying(): Promise<Deploying> {
  const dir = mkdtempSync(join(tmpdir(), "slipway-deployment-"));
  const aws = await startAws();
  await pushAll(aws);
  const repo = await makeRepo(dir, aws);
  const env = { ...process.env, ...aws.env };
  const image = (digest: string) => `${aws.proxy.address}/${name}@${digest}`;
  const update = (...words: readonly string[]) => workflowsIn(repo, { env })(script, ...words);
  let count = 0;
  return {
    aws,
    dir,
    repo,
    env,
    image,
    update,
    to: (version, ...words) =>
      update(...["--version", version, "--task-definition", `svc-${count}`, "--cluster", "main", "--yes"], ...words),
    service: async () => {
      count += 1;
      return makeService(aws, `svc-${count}`, image(older.digest));
    },
    end: async () => {
      await aws.end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function makeService(aws: Aws, service: string, image: string): Promise<string> {
  await aws.service(service, image);
  aws.fleet.next();
  aws.fleet.forget();
  return service;
}

async function pushAll(aws: Aws): Promise<void> {
  await aws.repository(name);
  await aws.push(name, "prod-1.0.0", older);
  await aws.push(name, "prod-1.1.0", newer);
  await aws.push(name, candidate, newer);
}

async function makeRepo(dir: string, aws: Aws): Promise<string> {
  const repo = join(dir, name);
  write(repo, {
    "repo_config.yaml": `docker_info: {docker_image_name: ${name}}\ncontainer_registry_info:\n  ecr: {address: "${aws.proxy.address}", kind: ecr, region: ${region}}\n`,
    "changelog.txt": changelog(name, "1.1.0", "1.0.0"),
  });
  await commitAll(repo, "Start");
  await addRemote(repo);
  return repo;
}
