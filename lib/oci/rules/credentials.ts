import { accountOfRepository, type Repository } from "../../names/address.ts";

/** Where credentials may come from, to be tried in order; none of them left means anonymous. */
export type CredentialSource =
  | {
      readonly from: "helper";
      readonly helper: string;
      readonly server: string;
      /** What names it in docker's configuration. */
      readonly key: "credHelpers" | "credsStore";
    }
  | {
      readonly from: "login";
      readonly username: string;
      readonly password: string;
      /** Where it stands, if not in docker's configuration. */
      readonly variable?: "GITHUB_TOKEN";
    }
  | { readonly from: "identity_token"; readonly token: string }
  /** A password that AWS gives to whoever is logged in there, for some hours. */
  | { readonly from: "ecr"; readonly region?: string; readonly profile?: string };

export type Helper = Extract<CredentialSource, { from: "helper" }>;

const hubKey = "https://index.docker.io/v1/";
const hubHosts = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

type Json = Readonly<Record<string, unknown>>;
const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Takes a key of config.json (`https://index.docker.io/v1/`, `ghcr.io`), gives the host it means; docker's ConvertToHostname. */
export function hostOfKey(key: string): string {
  const host = key.replace(/^https?:\/\//, "").replace(/\/.*/, "");
  return hubHosts.has(host) ? "registry-1.docker.io" : host;
}

const entryFor = (table: unknown, host: string): unknown =>
  Object.entries(record(table)).find(([key]) => hostOfKey(key) === host)?.[1];

/** Takes the `auth` of an entry (base64 of user:password), gives the pair, null when it is none. */
export function parseAuth(auth: string): { username: string; password: string } | null {
  const plain = new TextDecoder().decode(Uint8Array.from(safeDecode(auth), (letter) => letter.charCodeAt(0)));
  const at = plain.indexOf(":");
  return at > 0 ? { username: plain.slice(0, at), password: plain.slice(at + 1).replaceAll("\u0000", "") } : null;
}

function safeDecode(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return "";
  }
}

function fromAuths(entry: Json): CredentialSource[] {
  const identity = text(entry["identitytoken"]);
  if (identity !== undefined) return [{ from: "identity_token", token: identity }];
  const username = text(entry["username"]);
  const password = text(entry["password"]);
  if (username !== undefined && password !== undefined) return [{ from: "login", username, password }];
  const pair = parseAuth(text(entry["auth"]) ?? "");
  return pair === null ? [] : [{ from: "login", ...pair }];
}

function fromEnv(repo: Repository, env: Readonly<Record<string, string | undefined>>): CredentialSource[] {
  if (repo.kind === "ecr") return [{ from: "ecr", ...accountOfRepository(repo) }];
  const token = text(env["GITHUB_TOKEN"]);
  if (repo.host !== "ghcr.io" || token === undefined) return [];
  const username = text(env["GITHUB_ACTOR"]) ?? "slipway";
  return [{ from: "login", username, password: token, variable: "GITHUB_TOKEN" }];
}

/** The helper that docker asks for a host, and stores a login with; undefined where there is none. */
export function helperFor(config: unknown, host: string): Pick<Helper, "helper" | "key"> | undefined {
  const all = record(config);
  const own = text(entryFor(all["credHelpers"], host));
  const store = text(all["credsStore"]);
  if (own !== undefined) return { helper: own, key: "credHelpers" };
  return store === undefined ? undefined : { helper: store, key: "credsStore" };
}

/**
 * Takes docker's parsed config.json, a few values of the environment and a repository; gives the sources of
 * credentials in docker's order: credHelpers of the host, credsStore, auths; then GITHUB_TOKEN for ghcr.io and AWS
 * itself for ECR, which also serve where a stored login has run out.
 */
export function credentialSources(
  config: unknown,
  env: Readonly<Record<string, string | undefined>>,
  repo: Repository,
): CredentialSource[] {
  const all = record(config);
  const server = hubHosts.has(repo.host) ? hubKey : repo.host;
  const helper = helperFor(config, repo.host);
  return [
    ...(helper === undefined ? [] : [{ from: "helper", ...helper, server } as const]),
    ...fromAuths(record(entryFor(all["auths"], repo.host))),
    ...fromEnv(repo, env),
  ];
}
