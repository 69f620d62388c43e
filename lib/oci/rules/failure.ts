import type { RegistryKind } from "../../config/registry.ts";
import { UserError } from "../../errors.ts";
import { accountOfRepository, type Repository } from "../../names/address.ts";
import { type AwsAccount, accountWords } from "../../names/aws.ts";
import { oneLine } from "../../text/visible.ts";

/** Why a registry did not do what was asked; what decides between waiting, undoing and stopping. */
export type RegistryReason = "unreachable" | "denied" | "not_found" | "throttled" | "broken" | "refused";

/** A registry did not do what was asked: which one, and for which reason. */
export class RegistryError extends UserError {
  readonly registry: string;
  readonly reason: RegistryReason;

  constructor(what: string, advice: RegistryAdvice, options?: ErrorOptions) {
    super(what, { ...advice, kind: `registry_${advice.reason}`, exitCode: 1 }, options);
    this.name = "RegistryError";
    this.registry = advice.registry;
    this.reason = advice.reason;
  }
}

type RegistryAdvice = {
  readonly registry: string;
  readonly reason: RegistryReason;
  readonly why: string;
  readonly fix: string;
};

const reasons: Readonly<Record<number, RegistryReason>> = {
  401: "denied",
  403: "denied",
  404: "not_found",
  408: "unreachable",
  429: "throttled",
};

const fixes: Readonly<Record<RegistryReason, (registry: string) => string>> = {
  unreachable: () => `Run the same command again once it answers; i doctor shows which registries do.`,
  denied: (registry) => `i docker_login --target-registries ${registry}`,
  not_found: (registry) => `Create the repository in ${registry}, or correct its address in repo_config.yaml.`,
  throttled: (registry) => `Wait, or log in for a higher limit: i docker_login --target-registries ${registry}`,
  broken: (registry) =>
    `Do not use this image; look for a proxy that changes what ${registry} sends, then run the same command again.`,
  refused: (registry) => `Change what ${registry} forbids, then run the same command again.`,
};

/** Where a registry applied a rule of its own; `named` is how an error calls the registry. */
type Where = AwsAccount & { readonly named: string; readonly path: string; readonly kind?: RegistryKind };
type Rule = {
  /** The words in which registries are known to tell of it. */
  readonly said: RegExp;
  readonly reason: RegistryReason;
  readonly why: string;
  readonly fix: (where: Where) => string;
};
const ecr = (call: string, { path, ...account }: Where, more = ""): string =>
  `aws ecr ${call} --repository-name ${path} ${more}${accountWords(account)}`.trim();

/**
 * The rules that registries have of their own, in the words of ECR (ECR API, "PutImage" and "InitiateLayerUpload"), Harbor
 * (Harbor's documentation, "Working with Projects"), Artifactory and Distribution.
 */
export const rules = {
  immutable: {
    said: /ImageTagAlreadyExists|immutable|cannot be overwritten/i,
    reason: "refused",
    why: "The registry keeps each tag at the image that it was first pushed for, and dev and prod have to move.",
    fix: (where) =>
      where.kind === "ecr"
        ? ecr("put-image-tag-mutability", where, "--image-tag-mutability MUTABLE ")
        : `Take dev and prod out of the immutable tags of ${where.path} in ${where.named}, then run the same command again.`,
  },
  quota: {
    said: /quota|exceed the configured upper limit|LimitExceeded|storage limit/i,
    reason: "refused",
    why: "What the registry may hold is used up, and it took nothing of this.",
    fix: ({ named, path }) =>
      `Delete images that nobody needs, or raise the quota of ${path} in ${named}, then run the same command again.`,
  },
  scan: {
    said: /PROJECTPOLICYVIOLATION|cannot be pulled due to|blocked by .*(xray|polic)|is not signed/i,
    reason: "refused",
    why: "A policy of the registry lets nobody pull this image, for what a scan found or for a signature that it lacks.",
    fix: ({ named, path }) =>
      `See what it has against ${path} in ${named}; then build without it, i docker_build_local, and release the next version.`,
  },
  missing: {
    said: /NAME.UNKNOWN|RepositoryNotFound|does not exist in the registry|project \S+ not found/i,
    reason: "not_found",
    why: "The registry has no such repository, and makes none by itself when an image is pushed.",
    fix: (where) =>
      where.kind === "ecr"
        ? `${ecr("create-repository", where)}; or have releases do it: create: true for ${where.named} in repo_config.yaml`
        : `Create ${where.path} in ${where.named}, or the project that it is in; or correct the address in repo_config.yaml.`,
  },
  removed: {
    said: /MANIFEST.UNKNOWN|failed to resolve reference .*: not found/i,
    reason: "not_found",
    why: "The registry has no such tag: it never got it, or retention or a person removed it.",
    fix: () => "See which registries have it: i release_status; and copy it back by digest: i release_mirror",
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** A repository as a rule's line to type needs it. */
export const whereOf = (repo: Repository): Where => ({
  ...accountOfRepository(repo),
  named: repo.registry,
  path: repo.path,
  kind: repo.kind,
});

/** The rule that a registry's words tell of; null where they tell of none. */
export const ruleIn = (words: string): Rule | null =>
  Object.values<Rule>(rules).find(({ said }) => said.test(words)) ?? null;

/** Takes an HTTP status, gives the reason; 5xx counts as not reachable, since waiting is what helps. */
export const reasonOf = (status: number): RegistryReason =>
  reasons[status] ?? (status >= 500 ? "unreachable" : "refused");

/** Takes a reason and a registry's name, gives the line to type next. */
export const fixOf = (reason: RegistryReason, registry: string): string => fixes[reason](registry);

/**
 * Takes the body of a refused answer, gives the registry's own words on one line, at most 300 characters, without
 * control characters and without the secrets given (OCI distribution spec, "Error Codes"). Empty when it says nothing.
 */
export function ownWords(body: string, secrets: Iterable<string> = []): string {
  const errors = jsonErrors(body);
  let text = errors ?? (body.trimStart().startsWith("<") ? "" : body);
  for (const secret of secrets) if (secret.length > 3) text = text.replaceAll(secret, "***");
  return oneLine(text.trim());
}

function jsonErrors(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null || !("errors" in parsed) || !Array.isArray(parsed.errors))
      return null;
    return parsed.errors.map((one: unknown) => oneError(one)).join("; ");
  } catch {
    return null;
  }
}

function oneError(one: unknown): string {
  if (typeof one !== "object" || one === null) return String(one);
  const code = "code" in one ? String(one.code) : "";
  const message = "message" in one ? String(one.message) : "";
  return [code, message].filter((word) => word !== "").join(": ");
}
