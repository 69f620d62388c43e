import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:http";
import { freeAddress } from "./registry.ts";

/** One request as it reached the proxy. */
export type Passed = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly contentRange: string | undefined;
};
/** An answer of the proxy's own. */
export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};
/** What a proxy does to the traffic; nothing by default. */
export type Meddling = {
  /** Answers instead of the registry. */
  readonly reply?: (passed: Passed) => Reply | null;
  /** Changes the body of an answer. */
  readonly change?: (passed: Passed, body: Buffer) => Buffer;
  /** Cuts the connection after so many bytes of a request's body went on to the registry. */
  readonly cut?: (passed: Passed) => number | null;
};
export type Proxy_ = {
  readonly address: string;
  readonly passed: readonly Passed[];
  readonly stop: () => Promise<void>;
};

/** Starts a proxy before a registry (or before nothing, where it replies to all), on an address of its own. */
export async function startProxy(target: string, meddling: Meddling): Promise<Proxy_> {
  const address = await freeAddress();
  const [host = "", port = ""] = address.split(":");
  const passed: Passed[] = [];
  const server = createServer((incoming, outgoing) => {
    const one = passedOf(incoming);
    passed.push(one);
    const reply = meddling.reply?.(one) ?? null;
    if (reply === null) return forward({ target, meddling, address }, one, [incoming, outgoing]);
    incoming.resume().on("end", () => outgoing.writeHead(reply.status, { ...reply.headers }).end(reply.body ?? ""));
  });
  await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { address, passed, stop };
}

function passedOf(incoming: IncomingMessage): Passed {
  const url = new URL(incoming.url ?? "/", "http://proxy");
  const { authorization, "content-range": contentRange } = incoming.headers;
  return { method: incoming.method ?? "", path: url.pathname, query: url.searchParams, authorization, contentRange };
}

type Way = { readonly target: string; readonly meddling: Meddling; readonly address: string };

function forward(way: Way, passed: Passed, [incoming, outgoing]: [IncomingMessage, ServerResponse]): void {
  const { method, url, headers } = incoming;
  // The registry answers with the host it was asked by, so that what follows comes here again.
  const onward = request(`http://${way.target}${url}`, { method, headers: { ...headers, host: way.address } });
  onward.on("error", () => outgoing.destroy());
  onward.on("response", async (response) => {
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    const body = way.meddling.change?.(passed, Buffer.concat(parts)) ?? Buffer.concat(parts);
    const length = method === "HEAD" ? {} : { "content-length": body.length };
    outgoing.writeHead(response.statusCode ?? 500, { ...response.headers, ...length }).end(body);
  });
  let left = way.meddling.cut?.(passed) ?? Number.POSITIVE_INFINITY;
  incoming.on("data", (chunk: Buffer) => {
    onward.write(chunk.subarray(0, left));
    left -= chunk.length;
    if (left > 0) return;
    // What was sent reaches the registry before the connection ends.
    setTimeout(() => onward.destroy(), 100);
    incoming.socket.destroy();
  });
  incoming.on("end", () => onward.end());
}
