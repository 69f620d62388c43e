import type { Asked, Fault, Verdict } from "./faulty_proxy.ts";

/** Who may pull and push. */
export type Login = { readonly user: string; readonly password: string };
type TokenOptions = {
  /** How many requests a token serves before it has run out. */
  readonly uses: number;
  readonly down?: boolean;
  /** What lets in beside the password, in the body of a POST (Distribution, "Oauth2 Token Authentication"). */
  readonly identity?: string;
};

type Reply = Extract<Verdict, { kind: "reply" }>;
const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply => ({
  kind: "reply",
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(value),
});

/**
 * A token server with its registry, in one proxy (Distribution, "Token Authentication Specification"): `/token` gives
 * one to whoever brings the password; each serves its scope, and only so many requests. What every login is told is no
 * strike: a password that is not the one, a server that is down and a token that has run out are.
 */
export function expiringTokens(login: Login, options: TokenOptions): Fault {
  const issued = new Map<string, Token>();
  return (asked) => {
    if (asked.path === "/token") return tokenFor(asked, login, { ...options, issued });
    const held = issued.get(asked.authorization ?? "");
    if (!held || !allows(held.scope, asked)) return { ...challenge(asked), aside: true };
    return held.left-- > 0 ? null : challenge(asked);
  };
}

type Token = { left: number; readonly scope: string };
type Issuing = TokenOptions & { readonly issued: Map<string, Token> };

function tokenFor(asked: Asked, login: Login, { uses, down, identity, issued }: Issuing): Verdict {
  if (down) return json(503, { errors: [{ code: "UNAVAILABLE", message: "token server is down" }] });
  const lets = given(asked, login, identity);
  if (lets !== true) {
    const denied = json(401, { errors: [{ code: "UNAUTHORIZED", message: "who?" }] });
    return lets === null ? { ...denied, aside: true } : denied;
  }
  const token = `token-${crypto.randomUUID()}`;
  const scopes = [...asked.query.getAll("scope"), ...asked.form.getAll("scope")];
  issued.set(`Bearer ${token}`, { left: uses, scope: scopes.join(" ") });
  return { ...json(200, { token, access_token: token, expires_in: 300 }), aside: true };
}

/** Whether what was brought lets in; null where nothing was. */
function given({ authorization, form }: Asked, login: Login, identity: string | undefined): boolean | null {
  const [refresh, password] = [form.get("refresh_token"), form.get("password")];
  if (refresh !== null) return refresh === identity;
  if (password !== null) return form.get("username") === login.user && password === login.password;
  if (authorization === undefined) return null;
  return authorization === `Basic ${btoa(`${login.user}:${login.password}`)}`;
}

const writes = ({ method }: Asked): boolean => method !== "GET" && method !== "HEAD";
const allows = (scope: string, asked: Asked): boolean => (writes(asked) ? /push/.test(scope) : /pull/.test(scope));

function challenge(asked: Asked): Reply {
  const image = /^\/v2\/([^/]+)\//.exec(asked.path)?.[1];
  const scope = `repository:${image}:${writes(asked) ? "pull,push" : "pull"}`;
  const realm = `Bearer realm="http://${asked.address}/token",service="test",scope="${scope}"`;
  return json(401, { errors: [{ code: "UNAUTHORIZED", message: "log in" }] }, { "www-authenticate": realm });
}
