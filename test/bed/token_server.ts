import type { Asked, Fault, Verdict } from "./faulty_proxy.ts";

/** Who may pull and push. */
export type Login = { readonly user: string; readonly password: string };
type TokenOptions = {
  /** How many requests a token serves before it has run out. */
  readonly uses: number;
  readonly down?: boolean;
};

const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Verdict => ({
  kind: "reply",
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(value),
});

/**
 * A token server with its registry, in one proxy (Distribution, "Token Authentication Specification"): `/token` gives
 * one to whoever brings the password; each serves its scope, and only so many requests.
 */
export function expiringTokens(login: Login, { uses, down = false }: TokenOptions): Fault {
  const issued = new Map<string, { left: number; readonly scope: string }>();
  const basic = `Basic ${btoa(`${login.user}:${login.password}`)}`;
  return (asked) => {
    if (asked.path === "/token") {
      if (down) return json(503, { errors: [{ code: "UNAVAILABLE", message: "token server is down" }] });
      // An identity token comes in the body of a POST (Distribution, "Oauth2 Token Authentication").
      const isIdentity = asked.method === "POST" && asked.bytes > 0;
      if (!isIdentity && asked.authorization !== basic)
        return json(401, { errors: [{ code: "UNAUTHORIZED", message: "who?" }] });
      const token = `token-${crypto.randomUUID()}`;
      issued.set(`Bearer ${token}`, {
        left: uses,
        scope: isIdentity ? "pull,push" : asked.query.getAll("scope").join(" "),
      });
      return json(200, { token, access_token: token, expires_in: 300 });
    }
    const held = issued.get(asked.authorization ?? "");
    if (held && held.left-- > 0 && allows(held.scope, asked)) return null;
    return challenge(asked);
  };
}

const writes = ({ method }: Asked): boolean => method !== "GET" && method !== "HEAD";
const allows = (scope: string, asked: Asked): boolean => (writes(asked) ? /push/.test(scope) : /pull/.test(scope));

function challenge(asked: Asked): Verdict {
  const image = /^\/v2\/([^/]+)\//.exec(asked.path)?.[1];
  const scope = `repository:${image}:${writes(asked) ? "pull,push" : "pull"}`;
  const realm = `Bearer realm="http://${asked.address}/token",service="test",scope="${scope}"`;
  return json(401, { errors: [{ code: "UNAUTHORIZED", message: "log in" }] }, { "www-authenticate": realm });
}
