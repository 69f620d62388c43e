import { UserError } from "../errors.ts";
import { oneLine } from "../visible.ts";

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
