import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

/** A token server that a Distribution registry believes (Distribution, "Token Authentication Implementation"): who brings the password gets what it asks for. */
const [certFile = "", keyFile = "", host = "", user = "", password = ""] = process.argv.slice(2);
const [cert, key] = [readFileSync(certFile), readFileSync(keyFile)];
const chain = [new X509Certificate(cert).raw.toString("base64")];
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokenFor(scopes: readonly string[]): string {
  const access = scopes.flatMap((scope) => {
    const [type, name, actions = ""] = scope.split(":");
    return type && name ? [{ type, name, actions: actions.split(",") }] : [];
  });
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: "three",
    aud: "three",
    sub: user,
    iat: now,
    nbf: now - 10,
    exp: now + 300,
    jti: randomUUID(),
    access,
  };
  const text = `${part({ typ: "JWT", alg: "ES256", x5c: chain })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key: createPrivateKey(key), dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

createServer({ cert, key }, async (asked, answer) => {
  let body = "";
  for await (const chunk of asked) body += chunk;
  const [query, form] = [new URL(asked.url ?? "", "https://x").searchParams, new URLSearchParams(body)];
  const isIn =
    asked.headers.authorization === `Basic ${btoa(`${user}:${password}`)}` ||
    (form.get("username") === user && form.get("password") === password);
  if (!isIn) return void answer.writeHead(401).end("{}");
  const token = tokenFor([...query.getAll("scope"), ...form.getAll("scope")].flatMap((scope) => scope.split(" ")));
  answer.writeHead(200, { "content-type": "application/json" });
  answer.end(JSON.stringify({ token, access_token: token, expires_in: 300 }));
}).listen(5001, host);
