import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

/** One request as it reached the server, its body read, or what came of it. */
export type Asked = {
  readonly method: string;
  /** `/v2/cmamp/manifests/dev` */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};
export type Head = Omit<Asked, "body">;
/** An answer in place of the registry's own; `hang` never answers, `reset` ends the connection. */
export type Reply =
  | "hang"
  | "reset"
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
      /** Only so many bytes of the body are sent; then the connection ends, or with `stalls` nothing more comes. */
      readonly cut?: number;
      readonly stalls?: true;
    };
type Stored = { readonly bytes: Buffer; readonly mediaType: string };

/** A registry in this process, for tests that take milliseconds; the real ones of test/real run Distribution. */
export type OciServer = {
  /** `127.0.0.1:PORT`, `[::1]:PORT` */
  readonly address: string;
  /** All that was asked so far, oldest first. */
  readonly asked: readonly Asked[];
  readonly blobs: Map<string, Buffer>;
  /** `<path>:<tag>` and `<path>@<digest>` -> manifest. */
  readonly manifests: Map<string, Stored>;
  /** Answers in place of the registry where it gives something. */
  reply: (asked: Asked) => Reply | null | undefined;
  /** As `reply`, before the body of a request is read; it is asked first. */
  early: (head: Head) => Reply | null | undefined;
  /** Ends the connection after so many bytes of a request's body; an upload keeps them. */
  breaks: (head: Head) => number | null | undefined;
  /** Is waited for before a request is answered. */
  before: (asked: Asked) => Promise<void> | undefined;
  /** Puts an image of one layer under a tag; gives its digest. */
  readonly put: (path: string, tag: string, labels?: Readonly<Record<string, string>>) => string;
  readonly digestOf: (path: string, tag: string) => string | null;
  readonly stop: () => Promise<void>;
};

export const sha256 = (bytes: Uint8Array | string): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** What it shows of itself where it speaks TLS, in PEM. */
export type Shown = { readonly cert: string | Buffer; readonly key: string | Buffer };

/** Starts one, empty, on an address of loopback; a connection that nobody uses stays open until its client ends it. */
export async function startOciServer(host = "127.0.0.1", shown?: Shown): Promise<OciServer> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Stored>();
  const uploads = new Map<string, Buffer>();
  const asked: Asked[] = [];
  const listener: RequestListener = async (incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", "http://registry");
    const { method = "", headers, socket } = incoming;
    const head = { method, path: url.pathname, query: url.searchParams, headers };
    const early = registry.early(head);
    const came = early ? nothing : await bodyOf(incoming, registry.breaks(head) ?? Number.POSITIVE_INFINITY);
    const one = { ...head, body: came.body };
    asked.push(one);
    await registry.before(one);
    const reply = early ?? registry.reply(one) ?? (came.isWhole ? answer({ blobs, manifests, uploads }, one) : "reset");
    if (!came.isWhole) uploads.set(one.path, Buffer.concat([uploads.get(one.path) ?? nothing.body, one.body]));
    if (reply === "reset") socket.destroy();
    else if (reply !== "hang") send(outgoing, method, reply);
  };
  const server = shown ? createSecureServer(shown, listener) : createServer(listener);
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const registry: OciServer = {
    address: `${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    asked,
    blobs,
    manifests,
    reply: () => null,
    early: () => null,
    breaks: () => null,
    before: () => undefined,
    put: (path, tag, labels = {}) => {
      const layer = Buffer.from(`${path} ${tag} layer`);
      const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: labels } }));
      for (const blob of [layer, config]) blobs.set(sha256(blob), blob);
      const line = (mediaType: string, blob: Buffer) => ({ mediaType, digest: sha256(blob), size: blob.length });
      const manifest = {
        schemaVersion: 2,
        mediaType: manifestType,
        config: line("application/vnd.oci.image.config.v1+json", config),
        layers: [line("application/vnd.oci.image.layer.v1.tar", layer)],
      };
      const bytes = Buffer.from(JSON.stringify(manifest));
      for (const key of [`${path}:${tag}`, `${path}@${sha256(bytes)}`])
        manifests.set(key, { bytes, mediaType: manifestType });
      return sha256(bytes);
    },
    digestOf: (path, tag) => {
      const found = manifests.get(`${path}:${tag}`);
      return found ? sha256(found.bytes) : null;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}

const nothing = { body: Buffer.alloc(0), isWhole: true };

/** The body of a request, or what came of it until the limit or until the client went away. */
async function bodyOf(incoming: AsyncIterable<Buffer>, limit: number): Promise<typeof nothing> {
  const parts: Buffer[] = [];
  let isWhole = true;
  let size = 0;
  try {
    for await (const part of incoming) {
      parts.push(part.subarray(0, limit - size));
      size += part.length;
      isWhole = size < limit;
      if (!isWhole) break;
    }
  } catch {
    isWhole = false;
  }
  return { body: Buffer.concat(parts), isWhole };
}

function send(outgoing: ServerResponse, method: string, reply: Exclude<Reply, string>): void {
  const body = Buffer.from(reply.body ?? "");
  outgoing.writeHead(reply.status, { "content-length": body.length, ...reply.headers });
  if (method === "HEAD") outgoing.end();
  else if (reply.cut === undefined) outgoing.end(body);
  else outgoing.write(body.subarray(0, reply.cut), () => reply.stalls ?? outgoing.destroy());
}

type Store = {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, Stored>;
  readonly uploads: Map<string, Buffer>;
};
const error = (status: number, code: string): Exclude<Reply, string> => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll("_", " ") }] }),
});

/** What the distribution spec says, as far as a client that pulls, pushes and mounts can see. */
function answer(store: Store, asked: Asked): Exclude<Reply, string> {
  const [, path = "", kind = "", rest = ""] = /^\/v2\/(.+?)\/(manifests|blobs|tags)\/(.*)$/.exec(asked.path) ?? [];
  if (kind === "manifests") return ofManifest(store, asked, { path, reference: rest });
  if (kind === "tags") {
    const tags = [...store.manifests.keys()]
      .filter((key) => key.startsWith(`${path}:`))
      .map((key) => key.slice(path.length + 1));
    return tags.length > 0 ? { status: 200, body: JSON.stringify({ name: path, tags }) } : error(404, "NAME_UNKNOWN");
  }
  if (kind === "blobs" && rest.startsWith("uploads/")) return ofUpload(store, asked, path);
  if (kind !== "blobs") return asked.path === "/v2/" ? { status: 200 } : error(404, "NAME_UNKNOWN");
  const found = store.blobs.get(rest);
  return found ? { status: 200, headers: { "docker-content-digest": rest }, body: found } : error(404, "BLOB_UNKNOWN");
}

type Named = { readonly path: string; readonly reference: string };

function ofManifest({ manifests }: Store, { method, body, headers }: Asked, { path, reference }: Named) {
  const isDigest = reference.startsWith("sha256:");
  const key = isDigest ? `${path}@${reference}` : `${path}:${reference}`;
  if (method === "PUT") {
    const digest = sha256(body);
    if (isDigest && digest !== reference) return error(400, "DIGEST_INVALID");
    const stored = { bytes: body, mediaType: headers["content-type"] ?? "" };
    for (const name of [key, `${path}@${digest}`]) manifests.set(name, stored);
    return { status: 201, headers: { "docker-content-digest": digest } };
  }
  const found = manifests.get(key);
  if (!found) return error(404, "MANIFEST_UNKNOWN");
  if (method === "DELETE") {
    // With all tags that name it.
    for (const [name, { bytes }] of manifests)
      if (/[:@]/.test(name.charAt(path.length)) && name.startsWith(path) && sha256(bytes) === sha256(found.bytes))
        manifests.delete(name);
    return { status: 202 };
  }
  return {
    status: 200,
    headers: { "content-type": found.mediaType, "docker-content-digest": sha256(found.bytes) },
    body: found.bytes,
  };
}

function ofUpload({ blobs, uploads }: Store, { method, path, query, body }: Asked, repository: string) {
  if (method === "POST") {
    const mount = query.get("mount");
    if (mount !== null && blobs.has(mount))
      return { status: 201, headers: { location: `/v2/${repository}/blobs/${mount}` } };
    const location = `/v2/${repository}/blobs/uploads/${uploads.size + 1}`;
    uploads.set(location, Buffer.alloc(0));
    return { status: 202, headers: { location } };
  }
  const held = uploads.get(path);
  if (held === undefined) return error(404, "BLOB_UPLOAD_UNKNOWN");
  const bytes = Buffer.concat([held, body]);
  if (method === "DELETE") {
    uploads.delete(path);
    return { status: 204 };
  }
  if (method === "GET") return { status: 204, headers: { location: path, range: `0-${held.length - 1}` } };
  uploads.set(path, bytes);
  if (method === "PATCH") return { status: 202, headers: { location: path, range: `0-${bytes.length - 1}` } };
  const digest = query.get("digest") ?? "";
  if (sha256(bytes) !== digest) return error(400, "DIGEST_INVALID");
  blobs.set(digest, bytes);
  return { status: 201, headers: { "docker-content-digest": digest } };
}
