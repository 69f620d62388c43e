import type { AwsAccount, EcrSettings } from "../names/aws.ts";
import type { EcrPassword } from "./aws/ecr.ts";
import type { Ecs } from "./aws/ecs.ts";

export type { Ecs } from "./aws/ecs.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Opens ECS for an account; the SDK, which takes a while, is loaded now. `signal` ends what only reads. */
export async function openEcs(account: AwsAccount, env: Env, signal?: AbortSignal): Promise<Ecs> {
  const { newEcs } = await import("./aws/ecs.ts");
  return newEcs(account, env, signal);
}

/** As `ecrPassword` in aws/ecr.ts. */
export async function ecrPassword(account: AwsAccount, env: Env): Promise<EcrPassword> {
  const ecr = await import("./aws/ecr.ts");
  return ecr.ecrPassword(account, env);
}

/** As `deleteEcrImages` in aws/ecr.ts. */
export async function deleteEcrImages(
  account: AwsAccount,
  repository: { readonly host: string; readonly path: string },
  which: { readonly digests: readonly string[]; readonly env: Env },
): Promise<ReadonlySet<string>> {
  const ecr = await import("./aws/ecr.ts");
  return ecr.deleteEcrImages(account, repository, which);
}

/** As `ecrSettings` in aws/ecr.ts. */
export async function ecrSettings(
  account: AwsAccount,
  repository: { readonly host: string; readonly path: string },
  env: Env,
): Promise<EcrSettings | null> {
  const ecr = await import("./aws/ecr.ts");
  return ecr.ecrSettings(account, repository, env);
}

/** As `createEcr` in aws/ecr.ts. */
export async function createEcr(account: AwsAccount, repository: { readonly path: string }, env: Env): Promise<void> {
  const ecr = await import("./aws/ecr.ts");
  await ecr.createEcr(account, repository, env);
}
