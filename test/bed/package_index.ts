import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, isIPv4 } from "node:net";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { engineEnv } from "../../lib/doors/engine.ts";
import { needs } from "./parts.ts";
import { makeWheel, type TestPackage, type Wheel } from "./wheel.ts";

const execute = promisify(execFile);

export type PackageIndex = {
  /** What `--build-arg PACKAGE_INDEX=` takes. */
  readonly url: string;
  /** Publishes one more version while the index runs. */
  readonly publish: (more: TestPackage) => void;
  /** Paths asked for so far, oldest first. */
  readonly requests: readonly string[];
  /** Files that were uploaded, by their name. */
  readonly uploaded: ReadonlyMap<string, Buffer>;
  /** Called before an upload is kept; one that never resolves holds it. */
  onUpload: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Who may upload. */
export type Uploader = { readonly user: string; readonly password: string };

/**
 * Serves wheels as a package index (PEP 503) where the steps of a build can reach it; it takes uploads as PyPI does
 * (docs.pypi.org, "Upload API"): each file once.
 */
export async function start(packages: readonly TestPackage[], uploader?: Uploader): Promise<PackageIndex> {
  const wheels = new Map<string, Wheel[]>();
  const publish = (each: TestPackage) => {
    const name = normalized(each.name);
    wheels.set(name, [...(wheels.get(name) ?? []), makeWheel(each)]);
  };
  for (const each of packages) publish(each);
  const requests: string[] = [];
  const uploaded = new Map<string, Buffer>();
  const index = { requests, uploaded, onUpload: async () => {} };
  const taking = takeUpload(wheels, { uploader, index });
  const serving = answer(wheels, requests);
  const server = createServer((request, response) => (request.method === "POST" ? taking : serving)(request, response));
  const address = await bridgeAddress();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(index, {
    url: `http://${address}:${port}/simple`,
    publish,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

type Taking = {
  readonly uploader: Uploader | undefined;
  readonly index: { readonly uploaded: Map<string, Buffer>; readonly onUpload: () => Promise<void> };
};

function takeUpload(wheels: Map<string, Wheel[]>, { uploader, index }: Taking): RequestListener {
  return async (request, response) => {
    // Whoever is killed while it uploads sends no end.
    const body = await buffer(request).catch(() => null);
    if (body === null) return response.destroy();
    const basic = uploader && `Basic ${btoa(`${uploader.user}:${uploader.password}`)}`;
    if (basic !== request.headers.authorization)
      return response.writeHead(403).end(`Invalid authentication for ${request.headers.authorization}`);
    const headers = { "content-type": request.headers["content-type"] ?? "" };
    const form = await new Response(new Uint8Array(body), { headers }).formData();
    const [file, name] = [form.get("content"), form.get("name")];
    if (!(file instanceof File) || typeof name !== "string") return response.writeHead(400).end("no file");
    const bytes = Buffer.from(await file.arrayBuffer());
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (form.get("sha256_digest") !== sha256 || form.get(":action") !== "file_upload" || !form.get("version"))
      return response.writeHead(400).end("a field is wrong");
    if (index.uploaded.has(file.name)) return response.writeHead(400).end("File already exists");
    await index.onUpload();
    index.uploaded.set(file.name, bytes);
    wheels.set(normalized(name), [...(wheels.get(normalized(name)) ?? []), { file: file.name, bytes, sha256 }]);
    return response.writeHead(200).end();
  };
}

/** PEP 503: `Foo_Bar.baz` and `foo-bar-baz` are one package. */
const normalized = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");

function answer(wheels: ReadonlyMap<string, readonly Wheel[]>, requests: string[]): RequestListener {
  return (request, response) => {
    const path = decodeURIComponent(request.url ?? "/");
    requests.push(path);
    const name = /^\/simple\/([^/]+)\/?$/.exec(path)?.[1];
    const listed = name === undefined ? undefined : wheels.get(normalized(name));
    if (listed) {
      const links = listed.map(
        ({ file, sha256 }) => `<a href="../../files/${file}#sha256=${sha256}">${file}</a><br>\n`,
      );
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      return response.end(`<!DOCTYPE html>\n<html><body>\n${links.join("")}</body></html>\n`);
    }
    const wheel = [...wheels.values()].flat().find(({ file }) => path === `/files/${file}`);
    if (wheel) return response.setHeader("Content-Type", "application/octet-stream").end(wheel.bytes);
    response.statusCode = 404;
    return response.end();
  };
}

/** The engine's bridge, which builds and containers reach. Asked of the engine: Node does not list a bridge that no container is attached to. */
async function bridgeAddress(): Promise<string> {
  await needs("engine");
  const words = ["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"];
  const { stdout } = await execute("docker", words, { env: { ...process.env, ...engineEnv(process.env) } });
  const gateway = stdout.trim();
  if (!isIPv4(gateway)) throw new Error(`the engine's bridge has the address "${gateway}"`);
  return gateway;
}
