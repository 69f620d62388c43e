import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { freeAddress } from "./registry.ts";

/** One request on its way to a registry. */
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly bytes: number;
  /** The proxy's own address, as the client knows it. */
  readonly address: string;
};
/** An answer of the registry, before the client has it. */
export type Answer = { readonly status: number; readonly headers: Headers_; readonly body: Buffer };
type Headers_ = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What happens to one request; null lets it pass. */
export type Verdict =
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The connection ends, and the registry has seen nothing. */
  | { readonly kind: "reset" }
  /** So many bytes of the body reach the registry, then both connections end. */
  | { readonly kind: "cut"; readonly after: number }
  /** The registry does it, and the connection ends instead of an answer. */
  | { readonly kind: "lose" }
  /** The answer says how long it is, and its second half never comes. */
  | { readonly kind: "truncate" }
  | { readonly kind: "change"; readonly change: (answer: Answer) => Answer | Promise<Answer> }
  /** Bytes a second, both ways. */
  | { readonly kind: "slow"; readonly rate: number };
export type Fault = (asked: Asked) => Verdict | null;

/** A proxy before a registry that does to each image what its own fault says. */
export type FaultyProxy = {
  readonly address: string;
  /** Sets the fault of an image; null ends it. */
  readonly fault: (image: string, fault: Fault | null) => void;
  readonly stop: () => Promise<void>;
};

/** The image a request is about: in its path, or in the scope of a request for a token. */
const imageOf = ({ path, query }: Asked): string =>
  /^\/v2\/([^/]+)\//.exec(path)?.[1] ?? /^repository:([^:]+):/.exec(query.get("scope") ?? "")?.[1] ?? "";

/** Starts it on an address of its own. Blobs are never mounted from other images, so that each is really sent. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const address = await freeAddress();
  const [host = "", port = ""] = address.split(":");
  const faults = new Map<string, Fault>();
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", "http://proxy");
    url.searchParams.delete("mount");
    const { method = "", headers } = incoming;
    const { pathname: path, searchParams: query } = url;
    const bytes = Number(headers["content-length"] ?? 0);
    const asked = { method, path, query, authorization: headers.authorization, bytes, address };
    const verdict = faults.get(imageOf(asked))?.(asked) ?? null;
    serve({ target, url, verdict, asked }, [incoming, outgoing]).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  return {
    address,
    fault: (image, fault) => void (fault ? faults.set(image, fault) : faults.delete(image)),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Turn = {
  readonly target: string;
  readonly url: URL;
  readonly verdict: Verdict | null;
  readonly asked: Asked;
};
type Ends = readonly [IncomingMessage, ServerResponse];

async function serve(turn: Turn, [incoming, outgoing]: Ends): Promise<void> {
  const { verdict, asked } = turn;
  if (verdict?.kind === "reset") return void incoming.socket.destroy();
  if (verdict?.kind === "reply") {
    await read(incoming, Number.POSITIVE_INFINITY);
    return void outgoing.writeHead(verdict.status, { ...verdict.headers }).end(verdict.body ?? "");
  }
  const body = await read(incoming, verdict?.kind === "cut" ? verdict.after : Number.POSITIVE_INFINITY);
  if (verdict?.kind === "slow") await pause((body.length / verdict.rate) * 1000);
  const answer = await forward(turn, incoming, body);
  if (verdict?.kind === "cut" || verdict?.kind === "lose") return void incoming.socket.destroy();
  const changed = verdict?.kind === "change" ? await verdict.change(answer) : answer;
  const length = asked.method === "HEAD" ? {} : { "content-length": String(changed.body.length) };
  outgoing.writeHead(changed.status, { ...without(changed.headers), ...length } as Record<string, string>);
  if (verdict?.kind === "truncate" && changed.body.length > 1) {
    outgoing.write(changed.body.subarray(0, changed.body.length / 2));
    await pause(50);
    return void incoming.socket.destroy();
  }
  await trickle(outgoing, changed.body, verdict?.kind === "slow" ? verdict.rate : null);
  outgoing.end();
}

const without = ({ "transfer-encoding": _, ...headers }: Headers_): Headers_ => headers;

async function read(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size >= limit) break;
  }
  return Buffer.concat(parts).subarray(0, limit);
}

/** Sends the request on under the proxy's name, so that what the registry points to comes here again. */
async function forward({ target, url, asked }: Turn, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const headers = { ...incoming.headers, host: asked.address };
  const onward = request(`http://${target}${url.pathname}${url.search}`, { method: asked.method, headers });
  const isWhole = body.length >= asked.bytes;
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.on("response", resolve).on("error", reject);
  });
  if (isWhole) onward.end(body);
  else {
    onward.write(body);
    setTimeout(() => onward.destroy(), 100);
  }
  const response = await answered.catch((error: unknown) => {
    incoming.socket.destroy();
    throw error;
  });
  const parts: Buffer[] = [];
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
  return { status: response.statusCode ?? 500, headers: response.headers, body: Buffer.concat(parts) };
}

async function trickle(outgoing: ServerResponse, body: Buffer, rate: number | null): Promise<void> {
  if (rate === null) return void outgoing.write(body);
  for (let at = 0; at < body.length; at += rate / 4) {
    outgoing.write(body.subarray(at, at + rate / 4));
    await pause(250);
  }
}
