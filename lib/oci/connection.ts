import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect, type SecureContext } from "node:tls";
import { LateError } from "../doors/clock.ts";
import { UserError } from "../errors.ts";
import { isLoopback, type Repository } from "../names/address.ts";
import { readDockerConfig } from "./docker_config.ts";
import { networkCode } from "./patience.ts";
import { connectionAdvice, ProxyError } from "./rules/connection_failure.ts";
import { RegistryError } from "./rules/failure.ts";
import { type HttpProxy, type Way, wayTo } from "./rules/way.ts";
import type { Session } from "./session.ts";
import { loadTrust, type Trust } from "./trust.ts";

/** One HTTP request with a small body or none, or whose body follows; `repo` is the registry that it is sent for, or another server by its host. */
export type Sending = {
  readonly repo: Pick<Repository, "registry" | "host">;
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Milliseconds that its answer is waited for, where they are other than all questions have. */
  readonly answer?: number;
};
type Peer = Pick<Sending, "url" | "repo">;

/** How requests to one host go: by which proxy, trusted by what, over connections that are kept. */
export type Connection = Way & {
  readonly agent: http.Agent;
  /** Null where it is plain http. */
  readonly trust: Trust | null;
};

/** Gives the connections to a host, the same ones as long as the session lives; throws RegistryError on what names its proxy or certificates wrongly. */
export function connectionTo(session: Session, { url, repo }: Peer): Promise<Connection> {
  const key = `${url.origin} ${repo.host}`;
  const known = session.connections.get(key) ?? keptConnection(session, { url, repo });
  session.connections.set(key, known);
  return known;
}

/** What waits for its next request ends with the session, where that has an end. */
async function keptConnection(session: Session, peer: Peer): Promise<Connection> {
  const connection = await newConnection(session, peer);
  const end = () => connection.agent.destroy();
  if (session.signal?.aborted) end();
  session.signal?.addEventListener("abort", end, { once: true });
  return connection;
}

async function newConnection(session: Session, { url, repo }: Peer): Promise<Connection> {
  if (!isLoopback(url.host)) session.config ??= readDockerConfig(session.env);
  const config = (await session.config)?.content;
  try {
    const way = wayTo(url, session.env, config);
    const { proxy } = way;
    for (const secret of proxy?.secrets ?? []) session.secrets.add(secret);
    if (url.protocol === "http:") {
      const { Agent } = proxy?.url.protocol === "https:" ? https : http;
      return { ...way, agent: new Agent({ keepAlive: true }), trust: null };
    }
    const trust = await loadTrust(url.host, repo.host, session.env);
    const { context: secureContext } = trust;
    const direct = () => new https.Agent({ keepAlive: true, secureContext });
    return { ...way, agent: proxy ? tunnelAgent(session, proxy, { url, secureContext }) : direct(), trust };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { registry } = repo;
    const advice = { registry, reason: "unreachable", why: error.why, fix: error.fix } as const;
    throw new RegistryError(`cannot reach ${url.host}: ${error.message}`, advice);
  }
}

/** An agent for one host whose connections go through a proxy; TLS is with the host behind it. */
function tunnelAgent(
  session: Session,
  proxy: HttpProxy,
  { url, secureContext }: { url: URL; secureContext: SecureContext },
) {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const secure = { secureContext, host, ...(isIP(host) ? {} : { servername: host }) };
  return Object.assign(new https.Agent({ keepAlive: true }), {
    createConnection(_options: unknown, callback: (error: Error | null, stream: Duplex) => void): undefined {
      tunnel(session, proxy, `${url.hostname}:${url.port || 443}`).then(
        (socket) => callback(null, connect({ ...secure, socket })),
        (error) => callback(error instanceof ProxyError ? error : new ProxyError(networkCode(error)), new Duplex()),
      );
    },
  });
}

const authorizationOf = ({ authorization }: HttpProxy): Record<string, string> =>
  authorization === null ? {} : { "proxy-authorization": authorization };

/** Asks a proxy for a way through to `host:port`, gives its socket (RFC 9110, 9.3.6). */
function tunnel({ clock, timeouts }: Session, proxy: HttpProxy, path: string): Promise<Duplex> {
  const { request } = proxy.url.protocol === "https:" ? https : http;
  const headers = { host: path, "user-agent": "slipway", ...authorizationOf(proxy) };
  const asked = request(proxy.url, { method: "CONNECT", path, headers, agent: false });
  const callOff = clock.alarm(timeouts.connect, () => asked.destroy(new LateError("no way through")));
  return new Promise<Duplex>((resolve, reject) => {
    asked.once("connect", ({ statusCode = 0 }, socket) => {
      if (statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      reject(new ProxyError(statusCode));
    });
    asked.once("error", reject);
    asked.end();
  }).finally(callOff);
}

/** Starts a request without following redirects; its body is still to be written. Errors it ends with become words by `named`. */
export async function start(session: Session, sending: Sending) {
  const { url, method, headers } = sending;
  const connection = await connectionTo(session, sending);
  // Plain http is forwarded by a proxy; TLS goes through it.
  const by = url.protocol === "http:" ? connection.proxy : null;
  const { request } = (by?.url ?? url).protocol === "https:" ? https : http;
  const outgoing = request(by?.url ?? url, {
    method,
    headers: {
      "user-agent": "slipway",
      "accept-encoding": "identity",
      ...headers,
      ...(by ? { host: url.host, ...authorizationOf(by) } : {}),
    },
    ...(by ? { path: url.href } : {}),
    agent: connection.agent,
    ...(session.signal === undefined ? {} : { signal: session.signal }),
  });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    outgoing.on("response", (message) => {
      if (!by || message.statusCode !== 407) return resolve(message);
      message.destroy();
      reject(named(sending, connection, new ProxyError(407)));
    });
    outgoing.on("error", (error) => reject(named(sending, connection, error)));
    outgoing.on("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  });
  // Whoever waits for the answer sees the failure; until then it is nobody's.
  answered.catch(() => undefined);
  return { outgoing, answered };
}

/** What ended a connection, in words where they are known: certificates, and proxies. */
function named({ repo, url }: Peer, { trust, ...way }: Connection, error: unknown): unknown {
  const words = error instanceof Error ? `${networkCode(error)} ${error.message}` : "";
  const advice = connectionAdvice({ url, way, trust, error: error instanceof ProxyError ? error : words });
  if (advice === null) return error;
  const { what, why, fix } = advice;
  return new RegistryError(what, { registry: repo.registry, reason: "unreachable", why, fix }, { cause: error });
}
