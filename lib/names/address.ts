import type { Registry, RegistryKind } from "../config/registry.ts";
import { UserError } from "../errors.ts";

/** One repository of one registry: where its API answers, and how the docker CLI writes it. */
export type Repository = {
  /** The registry's name in `repo_config.yaml`. */
  readonly registry: string;
  readonly kind: RegistryKind;
  readonly scheme: "http" | "https";
  /** Host with its port where one is written; `registry-1.docker.io` for Docker Hub. */
  readonly host: string;
  /** `acme/cmamp`, without host and tag. */
  readonly path: string;
  /** What the docker CLI takes: `127.0.0.1:5000/cmamp`, `ghcr.io/acme/cmamp`, `causify/cmamp`. */
  readonly reference: string;
  readonly region?: string;
  readonly profile?: string;
  /** Whom its login may be sent to although it is another's host. */
  readonly tokenServer?: string;
};

const hubApi = "registry-1.docker.io";
const hubNames = new Set(["docker.io", "index.docker.io", hubApi]);
/** Distribution's reference grammar: path components, and a host that is a name, an IPv4 or a bracketed IPv6 address. */
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const hostGrammar =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;

/** Whether a text is `host[:port]` (Distribution's reference grammar). */
export const isHost = (text: string): boolean => hostGrammar.test(text);

const looksLikeHost = (word: string) => /[.:]/.test(word) || word === "localhost";

/** Takes `host[:port]`, answers whether it names this machine: 127.0.0.0/8, ::1, localhost (Docker's rule for plain http). */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:[0-9]+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(?:\.[0-9]{1,3}){3}$/.test(name);
}

function split(registry: Pick<Registry, "address">): { host: string; namespace: string[] } {
  const words = registry.address.replace(/\/+$/, "").split("/");
  const [first = "", ...rest] = words;
  if (!looksLikeHost(first)) return { host: hubApi, namespace: words.filter((word) => word !== "") };
  return { host: hubNames.has(first) ? hubApi : first, namespace: rest };
}

/** The hosts of ECR (amazon-ecr-credential-helper, "api/client.go"). */
const ecrHost =
  /^\d+\.dkr[.-]ecr(-fips)?\.[a-z0-9][\w-]*\.(amazonaws\.(com(\.cn)?|eu)|on\.(aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

/**
 * The kind of the registry at an address: what its host says, since the kind decides whose password goes there. Loopback may be
 * any registry, and what says that it is plain OCI is taken as that.
 */
export function kindAt(address: string, named: RegistryKind): RegistryKind {
  const { host } = split({ address });
  if (named === "oci" || isLoopback(host)) return named;
  if (host === hubApi) return "dockerhub";
  if (host === "ghcr.io") return "ghcr";
  return ecrHost.test(host) ? "ecr" : "oci";
}

function assertAddress(registry: Registry, host: string, path: readonly string[]): void {
  const bad = hostGrammar.test(host) ? path.find((word) => !component.test(word)) : host;
  if (bad === undefined) return;
  throw new UserError(`"${registry.address}" is no address of a registry: "${bad}" cannot stand in it`, {
    why: `An address is host[:port][/namespace] in lower case, without https:// and without a tag (Distribution's reference grammar).`,
    fix: `Write the address of ${registry.name} in repo_config.yaml as in 127.0.0.1:5000, ghcr.io/acme or causify.`,
  });
}

/**
 * Takes a registry of the config and an image name, gives the repository; throws UserError on an address or name
 * outside Distribution's reference grammar. A first word without dot and colon is a Docker Hub namespace.
 */
export function repositoryOf(registry: Registry, image: string): Repository {
  const { host, namespace } = split(registry);
  const words = [...namespace, ...image.split("/")];
  assertAddress(registry, host, words);
  const hub = host === hubApi;
  return {
    registry: registry.name,
    kind: registry.kind,
    scheme: registry.insecure || isLoopback(host) ? "http" : "https",
    host,
    path: (hub && words.length === 1 ? ["library", ...words] : words).join("/"),
    reference: (hub ? words : [host, ...words]).join("/"),
    ...(registry.region === undefined ? {} : { region: registry.region }),
    ...(registry.profile === undefined ? {} : { profile: registry.profile }),
    ...(registry.tokenServer === undefined ? {} : { tokenServer: registry.tokenServer }),
  };
}

/** Whether AWS itself stands behind a repository of kind ecr: a loopback one is any registry, unless AWS is on loopback too. */
export const isAwsAt = (
  { kind, scheme }: Pick<Repository, "kind" | "scheme">,
  env: Readonly<Record<string, string | undefined>>,
): boolean => kind === "ecr" && (scheme === "https" || Boolean(env["AWS_ENDPOINT_URL_ECR"] || env["AWS_ENDPOINT_URL"]));

/** Whether a registry removes tags alone, and itself what none names any more: Docker Hub, for which one on loopback only stands. */
export const isCleaning = ({ kind, host }: Pick<Repository, "kind" | "host">): boolean =>
  kind === "dockerhub" && !isLoopback(host);

/** Region and profile to ask AWS with; the region of an ECR stands in its host name too, `1.dkr.ecr.eu-north-1.amazonaws.com`. */
export function accountOfRepository({ host, region, profile }: Pick<Repository, "host" | "region" | "profile">) {
  const known = region ?? /\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\./.exec(host)?.[1];
  return { ...(known ? { region: known } : {}), ...(profile ? { profile } : {}) };
}

/** Takes a repository, gives the URL of one of its API paths: `manifests/dev`, `blobs/uploads/` (OCI distribution spec, "Endpoints"). */
export const apiUrl = (repo: Repository, rest: string) =>
  new URL(`${repo.scheme}://${repo.host}/v2/${repo.path}/${rest}`);
