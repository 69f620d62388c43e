/** One way a registry offers to prove who asks: its scheme in lower case and its parameters (RFC 9110, 11.3). */
export type Challenge = { readonly scheme: string; readonly params: Readonly<Record<string, string>> };

/**
 * Domains below which anybody may have a name (publicsuffix.org): those of registries and of clouds, and what countries have
 * in place of .com. So a host there is its own domain.
 */
const shared =
  /^((azurecr|jfrog|github|gitlab)\.io|azurecr\.(cn|us)|amazonaws\.com|pkg\.dev|on\.aws|(azurewebsites|cloudfront)\.net|(run|web|fly)\.(app|dev)|(ac|co|com|edu|gov|ne|net|or|org)\.[a-z]{2})$/;

/** Token servers that are known to be of a registry of another domain. */
const knownServers: Readonly<Record<string, string>> = { "lscr.io": "ghcr.io", "scw.cloud": "scaleway.com" };

/** The domain that a host is of, `example.com` of `registry.example.com:5000`; an address or a single word is its own. */
function domainOf(host: string): string {
  const name = host.toLowerCase().replace(/:[0-9]+$/, "");
  if (name.startsWith("[") || /^[0-9.]+$/.test(name)) return name;
  const words = name.split(".");
  return words.slice(shared.test(words.slice(-2).join(".")) ? -3 : -2).join(".");
}

/**
 * Whether a registry's login may go to a host that its challenge names: one of its own domain, one that is known to be its
 * token server, or the one that the config names. A challenge alone may name any.
 */
export function isTokenServerOf({ host: registry, tokenServer }: TokenFor, host: string): boolean {
  const [own, other] = [domainOf(registry), domainOf(host)];
  return other === own || other === knownServers[own] || host === tokenServer;
}
type TokenFor = { readonly host: string; readonly tokenServer?: string };

/** What a token is wanted for; `repository:acme/cmamp:pull,push` (Distribution, "Token Scope Documentation"). */
export type Scope = { readonly path: string; readonly actions: readonly ("delete" | "pull" | "push")[] };

const part = /\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;

/** Takes a `WWW-Authenticate` value, gives its challenges in order; what cannot be read is left out, nothing is thrown. */
export function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; params: Record<string, string> }[] = [];
  part.lastIndex = 0;
  let at = 0;
  while (at < header.length) {
    part.lastIndex = at;
    const match = part.exec(header);
    if (match?.[1] === undefined) {
      at += 1;
      continue;
    }
    at = part.lastIndex;
    const value = match[2]?.replace(/\\(.)/g, "$1") ?? match[3];
    const last = found.at(-1);
    if (value === undefined) found.push({ scheme: match[1].toLowerCase(), params: {} });
    else if (last !== undefined) last.params[match[1].toLowerCase()] = value;
  }
  return found;
}

/** Takes the challenges, gives the one to answer: Bearer with a realm before Basic, null when there is neither. */
export function chooseChallenge(challenges: readonly Challenge[]): Challenge | null {
  const bearer = challenges.find((one) => one.scheme === "bearer" && one.params["realm"] !== undefined);
  return bearer ?? challenges.find((one) => one.scheme === "basic") ?? null;
}

/** Takes scopes, gives one text per repository with the actions of all, sorted: also what a token is cached under. */
export function scopeTexts(scopes: readonly Scope[]): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes) {
    actions.set(scope.path, new Set([...(actions.get(scope.path) ?? []), ...scope.actions]));
  }
  return [...actions].map(([path, set]) => `repository:${path}:${[...set].sort().join(",")}`).sort();
}

/** Takes two lists of scope texts, answers whether a token for the first serves where the second is wanted. */
export function covers(held: readonly string[], wanted: readonly string[]): boolean {
  const has = (text: string) => {
    const at = text.lastIndexOf(":");
    const mine = held.find((one) => one.slice(0, one.lastIndexOf(":")) === text.slice(0, at));
    const actions = mine?.slice(at + 1).split(",") ?? [];
    return text
      .slice(at + 1)
      .split(",")
      .every((action) => actions.includes(action));
  };
  return wanted.every(has);
}

const nameOf = (scope: string): string => scope.slice(0, scope.lastIndexOf(":"));
const actionsOf = (scope: string): string[] => scope.slice(scope.lastIndexOf(":") + 1).split(",");

/**
 * The scopes that a challenge names and a token lacks, of the repositories that the token is for: it is too small, not refused
 * (RFC 6750, 3.1, insufficient_scope).
 */
export function lackingScopes(held: readonly string[], challenge: Challenge): string[] {
  const named = (challenge.params["scope"] ?? "").split(" ").filter((one) => one.includes(":"));
  return named.filter((one) => held.some((own) => nameOf(own) === nameOf(one)) && !covers(held, [one]));
}

/** Takes scopes, gives them with the actions that the registry has been found to want for the same repositories. */
export const widened = (scopes: readonly string[], more: readonly string[]): string[] =>
  scopes.map((scope) => {
    const same = more.filter((one) => nameOf(one) === nameOf(scope));
    return `${nameOf(scope)}:${[...new Set([scope, ...same].flatMap(actionsOf))].sort().join(",")}`;
  });

/** What to send to the token server; `form` is the body of a POST, absent for a GET. */
export type TokenRequest = { readonly url: string; readonly form?: string };

/**
 * Takes a Bearer challenge and scope texts, gives the request for a token: a GET, or with an identity token the POST
 * of OAuth2 (Distribution, "Token Authentication Specification" and "Oauth2 Token Authentication"). Null when the realm
 * is no URL, or is plain http although the registry (`secure`) is not.
 */
export function tokenRequest(
  challenge: Challenge,
  scopes: readonly string[],
  more: { readonly secure: boolean; readonly identityToken?: string },
): TokenRequest | null {
  const realm = challenge.params["realm"] ?? "";
  if (!URL.canParse(realm)) return null;
  const url = new URL(realm);
  if (url.protocol !== "https:" && (url.protocol !== "http:" || more.secure)) return null;
  const service = challenge.params["service"];
  if (more.identityToken !== undefined) {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: more.identityToken,
      client_id: "slipway",
    });
    if (service !== undefined) form.set("service", service);
    form.set("scope", scopes.join(" "));
    return { url: url.href, form: form.toString() };
  }
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return { url: url.href };
}

/** Takes the JSON of a token server, gives the token and its life in seconds (60 when it says nothing), null when there is none. */
export function parseToken(json: unknown): { token: string; seconds: number } | null {
  if (typeof json !== "object" || json === null) return null;
  const named = (name: string): unknown => (json as Record<string, unknown>)[name];
  const token = named("token") ?? named("access_token");
  const seconds = Number(named("expires_in") ?? 60);
  if (typeof token !== "string" || token === "") return null;
  return { token, seconds: Number.isFinite(seconds) && seconds > 0 ? seconds : 60 };
}
