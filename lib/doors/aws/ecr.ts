import {
  BatchDeleteImageCommand,
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
} from "../../../node_modules/@aws-sdk/client-ecr/dist-cjs/index.js";
import { UserError } from "../../errors.ts";
import type { AwsAccount, EcrSettings } from "../../names/aws.ts";
import { oneLine } from "../../text/visible.ts";
import { capture } from "../shell.ts";
import { awsError, kindOf } from "./failure.ts";
import { clientSettings } from "./settings.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** A password of user AWS, and when it runs out in milliseconds since 1970. */
export type EcrPassword = { readonly password: string; readonly until: number };

/** Twelve hours, what ECR gives (ECR API, GetAuthorizationToken). */
const lasting = 12 * 3600 * 1000;

/**
 * Asks ECR for a password: through the SDK, and where that finds no login through the AWS command line, which knows
 * ways of logging in that the SDK does not. Throws UserError with AWS's words where neither gets one.
 */
export async function ecrPassword(account: AwsAccount, env: Env): Promise<EcrPassword> {
  const asked = Date.now();
  try {
    const client = new ECRClient(clientSettings(account, env));
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    const { authorizationToken = "", expiresAt } = authorizationData?.[0] ?? {};
    const password = Buffer.from(authorizationToken, "base64").toString("utf8").replace(/^AWS:/, "");
    // An end that is past already tells of a clock that is wrong, not of the password.
    const until = expiresAt?.getTime() ?? 0;
    if (password !== "") return { password, until: until > asked ? until : asked + lasting };
    throw new Error("ECR gave an empty token");
  } catch (error) {
    const password = kindOf(error) === "aws_login" ? await fromCommandLine(account, env) : null;
    if (password !== null) return { password, until: asked + lasting };
    throw awsError(error, "get a password of ECR", account);
  }
}

async function fromCommandLine({ region, profile }: AwsAccount, env: Env): Promise<string | null> {
  const more = [...(region ? ["--region", region] : []), ...(profile ? ["--profile", profile] : [])];
  const argv = ["aws", "ecr", "get-login-password", ...more];
  const { code, stdout } = await capture(argv, { cwd: process.cwd(), env });
  return code === 0 && stdout.trim() !== "" ? stdout.trim() : null;
}

type EcrRepository = { readonly host: string; readonly path: string };
/** The account that a repository of ECR is in; none where the host does not name it. */
const registryOf = ({ host }: EcrRepository): { readonly registryId?: string } => {
  const registryId = /^(\d{12})\.dkr[.-]ecr/.exec(host)?.[1];
  return registryId ? { registryId } : {};
};

/** Images that one call takes (ECR API, BatchDeleteImage). */
const mostAtOnce = 100;

/**
 * Removes images by digest with all their tags; gives the digests that were there. A part of an index goes once the index has
 * gone, so what is refused for that is asked for again.
 */
export async function deleteEcrImages(
  account: AwsAccount,
  repo: EcrRepository,
  { digests, env }: { readonly digests: readonly string[]; readonly env: Env },
): Promise<ReadonlySet<string>> {
  try {
    const client = new ECRClient(clientSettings(account, env));
    const removed = new Set<string>();
    for (let at = 0; at < digests.length; at += mostAtOnce) {
      let left = digests.slice(at, at + mostAtOnce);
      for (let turn = 0; left.length > 0; turn += 1) {
        const asked = { repositoryName: repo.path, ...registryOf(repo) };
        const imageIds = left.map((imageDigest) => ({ imageDigest }));
        const { imageIds: gone = [], failures = [] } = await client.send(
          new BatchDeleteImageCommand({ ...asked, imageIds }),
        );
        for (const { imageDigest } of gone) if (imageDigest) removed.add(imageDigest);
        const open = failures.filter(({ failureCode }) => failureCode !== "ImageNotFound");
        const isPart = open.every(({ failureCode }) => failureCode === "ImageReferencedByManifestList");
        if (!isPart || turn === 2) throw notRemoved(open[0]?.failureReason ?? open[0]?.failureCode ?? "no reason");
        left = open.flatMap(({ imageId }) => imageId?.imageDigest ?? []);
      }
    }
    return removed;
  } catch (error) {
    throw awsError(error, `remove images of repository ${repo.path} of ECR`, account);
  }
}

const notRemoved = (why: string): UserError =>
  new UserError("ECR did not remove an image", {
    why: `It said: ${oneLine(why)}`,
    fix: "Change what ECR names, then run the same command again",
    exitCode: 1,
    kind: "aws_refused",
  });

/** The settings of a repository, null where it does not exist. `host` names the account where it is AWS's own. */
export async function ecrSettings(account: AwsAccount, repo: EcrRepository, env: Env): Promise<EcrSettings | null> {
  const { path } = repo;
  try {
    const client = new ECRClient(clientSettings(account, env));
    const asked = { repositoryNames: [path], ...registryOf(repo) };
    const { repositories } = await client.send(new DescribeRepositoriesCommand(asked));
    const found = repositories?.[0];
    if (!found) return null;
    return {
      isMutable: !String(found.imageTagMutability ?? "MUTABLE").startsWith("IMMUTABLE"),
      exceptions: (found.imageTagMutabilityExclusionFilters ?? []).flatMap(({ filter }) => filter ?? []),
    };
  } catch (error) {
    if (error instanceof Error && error.name === "RepositoryNotFoundException") return null;
    throw awsError(error, `look at repository ${path} of ECR`, account);
  }
}

/** Makes a repository; one that somebody made meanwhile will do (ECR API, CreateRepository). */
export async function createEcr(account: AwsAccount, { path }: { readonly path: string }, env: Env): Promise<void> {
  try {
    await new ECRClient(clientSettings(account, env)).send(new CreateRepositoryCommand({ repositoryName: path }));
  } catch (error) {
    if (error instanceof Error && error.name === "RepositoryAlreadyExistsException") return;
    throw awsError(error, `create repository ${path} of ECR`, account);
  }
}
