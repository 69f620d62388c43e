import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { freeAddress } from "./registry.ts";

/** One upload request as it ended: method, Content-Range and the bytes that came. */
export type Chunk = { readonly method: string; readonly range: string | undefined; readonly bytes: number };

const headersOf = (bytes: Buffer | undefined): Record<string, string> =>
  bytes === undefined ? {} : { "docker-content-digest": `sha256:${createHash("sha256").update(bytes).digest("hex")}` };

type Limits = { readonly cutAt: number; readonly largestChunk: number };

/** What the endpoint holds: bytes by upload path, and by digest or reference once a PUT ended them. */
function newStore(limits: Limits) {
  return {
    limits,
    cuts: 1,
    opened: 0,
    uploads: new Map<string, Buffer>(),
    held: new Map<string, Buffer>(),
    chunks: [] as Chunk[],
  };
}
type Store = ReturnType<typeof newStore>;

/**
 * An upload endpoint that keeps what came before a break and tells it on GET, as registries newer than Distribution
 * 2.8 do (OCI distribution spec, "Pushing a blob in chunks"). It breaks off the first large PUT after `cutAt` bytes and
 * answers 416 to a PATCH above `largestChunk`. Every PUT is answered with the digest of what came.
 */
export async function startResuming(limits: Limits) {
  const address = await freeAddress();
  const [host = "", port = ""] = address.split(":");
  const store = newStore(limits);
  const server = createServer((incoming, outgoing) => {
    serve(store, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { address, chunks: store.chunks, stop };
}

async function serve(store: Store, incoming: IncomingMessage, outgoing: ServerResponse) {
  const url = new URL(incoming.url ?? "", "http://registry");
  const { method = "" } = incoming;
  const name = url.pathname.split("/").at(-1) ?? "";
  const length = Number(incoming.headers["content-length"] ?? 0);
  const soFar = store.uploads.get(url.pathname)?.length ?? 0;
  const at = { location: url.pathname, range: `0-${soFar - 1}` };
  if (method === "HEAD")
    return outgoing.writeHead(store.held.has(name) ? 200 : 404, headersOf(store.held.get(name))).end();
  if (method === "POST") return outgoing.writeHead(202, { location: `${url.pathname}${++store.opened}` }).end();
  if (method === "GET") return outgoing.writeHead(204, at).end();
  if (method === "PATCH" && length > store.limits.largestChunk) return outgoing.writeHead(416).end();
  const cut = method === "PUT" && length > store.limits.cutAt && store.cuts-- > 0;
  await take(store, [incoming, url.pathname], cut ? store.limits.cutAt : Number.POSITIVE_INFINITY);
  if (cut) return outgoing.destroy();
  if (method === "PATCH") return outgoing.writeHead(202, at).end();
  const bytes = store.uploads.get(url.pathname) ?? Buffer.alloc(0);
  store.held.set(url.searchParams.get("digest") ?? name, bytes);
  return outgoing.writeHead(201, headersOf(bytes)).end();
}

async function take(store: Store, [incoming, path]: [IncomingMessage, string], limit: number): Promise<void> {
  const parts = [store.uploads.get(path) ?? Buffer.alloc(0)];
  let bytes = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    parts.push(part.subarray(0, limit - bytes));
    bytes += part.length;
    if (bytes >= limit) break;
  }
  store.uploads.set(path, Buffer.concat(parts));
  const range = incoming.headers["content-range"];
  store.chunks.push({ method: incoming.method ?? "", range, bytes: Math.min(bytes, limit) });
}
