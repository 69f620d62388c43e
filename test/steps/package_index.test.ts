import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { uploadPackage } from "../../lib/packages/upload_package.ts";
import { makeWheel } from "../bed/wheel.ts";
import { type Actor, startActing } from "./acting.ts";

const wheel = makeWheel({ name: "tool", version: "1.0.1.dev2" });
const other = makeWheel({ name: "tool", version: "1.0.1.dev2", requires: ["more"] });
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** What becomes of one request: a status instead of an answer; the connection ends before, inside or after it was heard. */
type Fault = number | "lost_before" | "cut" | "lost_after";
/** A package index that keeps each file once, as PyPI does (docs.pypi.org, "Upload API"), and what befalls its next requests. */
let server: Server;
let index = "";
const files = new Map<string, Buffer>();
const asked: string[] = [];
let faults: { readonly method: string; readonly fault: Fault }[] = [];
/** What it says that a file's hash is, where that is not true. */
let falseHash: string | null = null;

let acting: Awaited<ReturnType<typeof startActing>>;
let actor: Actor;
beforeAll(async () => {
  acting = await startActing(0);
  actor = acting.actor("tool", { env: { TWINE_USERNAME: "ada", TWINE_PASSWORD: "s3cret" } });
  mkdirSync(join(acting.dir, "dist"));
  writeFileSync(join(acting.dir, "dist", wheel.file), wheel.bytes);
  server = createServer(async (request, response) => {
    const method = request.method ?? "";
    asked.push(method);
    const at = faults.findIndex((one) => one.method === method);
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
    if (fault === "lost_before") return request.socket.destroy();
    if (fault === "cut") return request.once("data", () => request.socket.destroy());
    const body = await buffer(request);
    if (typeof fault === "number") return response.writeHead(fault, { "retry-after": "1" }).end("not now");
    const [status, text] = method === "POST" ? await keep(body, request.headers) : told(request.url ?? "");
    if (fault === "lost_after") return request.socket.destroy();
    return response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`;
});
beforeEach(() => {
  files.clear();
  asked.length = 0;
  faults = [];
  falseHash = null;
});
afterAll(async () => {
  server.close();
  await acting.end();
  rmSync(acting.dir, { recursive: true, force: true });
});

async function keep(body: Buffer, headers: Readonly<Record<string, unknown>>): Promise<[number, string]> {
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": String(headers["content-type"]) },
  }).formData();
  const file = form.get("content");
  if (!(file instanceof File)) return [400, "no file"];
  if (files.has(file.name)) return [400, "File already exists"];
  files.set(file.name, Buffer.from(await file.arrayBuffer()));
  return [200, ""];
}

function told(path: string): [number, string | Buffer] {
  const bytes = files.get(path.split("/").at(-1) ?? "");
  if (bytes) return [200, bytes];
  if (files.size === 0) return [404, ""];
  const links = [...files].map(
    ([name, own]) => `<a href="/files/${name}#sha256=${falseHash ?? sha256(own)}">${name}</a>`,
  );
  return [200, links.join("\n")];
}

const upload = () =>
  actor.act([uploadPackage({ type: "python", folder: "dist", version: "1.0.1.dev2", index, distTag: "dev" })]);
/** The error of the action, below that of its step. */
const failure = async () => {
  const { error } = await upload();
  return error instanceof Error ? error.cause : error;
};
const count = (method: string) => asked.filter((one) => one === method).length;

describe("a package is uploaded once to an index", () => {
  it.each<[what: string, method: "GET" | "POST", fault: Fault, sent: number]>([
    ["loses a question", "GET", "lost_before", 1],
    ["answers 500 to a question once", "GET", 500, 1],
    ["has too much to do for a question once", "GET", 429, 1],
    ["ends the connection in the middle of the upload", "POST", "cut", 2],
    ["answers 500 to the upload once", "POST", 500, 2],
    ["has too much to do for the upload once", "POST", 429, 2],
    ["keeps the file and loses its answer", "POST", "lost_after", 1],
  ])("that %s", async (_what, method, fault, sent) => {
    faults = [{ method, fault }];
    const { states, error } = await upload();
    expect([states, error]).toEqual([["done"], null]);
    expect(faults).toEqual([]);
    expect([...files]).toEqual([[wheel.file, wheel.bytes]]);
    expect(count("POST")).toBe(sent);
    expect((await upload()).states).toEqual(["already"]);
    expect(count("POST")).toBe(sent);
  });

  it("that does not get over it is given up after five tries, and the same again goes on", async () => {
    faults = Array.from({ length: 5 }, () => ({ method: "POST", fault: 503 }) as const);
    const error = await failure();
    expect(error).toMatchObject({
      message: expect.stringMatching(/^the package index 127\.0\.0\.1:\d+ answered 503$/),
      fix: expect.stringContaining("run the same command again"),
    });
    expect([count("POST"), files.size]).toEqual([5, 0]);
    expect((await upload()).states).toEqual(["done"]);
    expect([...files.keys()]).toEqual([wheel.file]);
  });

  it("whose connections are all lost is told by its address and the reason, and who is logged in is not", async () => {
    faults = Array.from({ length: 5 }, () => ({ method: "GET", fault: "lost_before" }) as const);
    const error = await failure();
    expect(error).toMatchObject({
      message: expect.stringMatching(/^the package index 127\.0\.0\.1:\d+ does not answer$/),
      why: expect.stringMatching(/^The connection ended with \w+\.$/),
    });
    expect(JSON.stringify(error)).not.toMatch(/ada|s3cret/);
  });

  it("that lists another hash than the file has is refused, with both", async () => {
    files.set(wheel.file, wheel.bytes);
    falseHash = "0".repeat(64);
    const error = await failure();
    expect(error).toMatchObject({
      message: `${index} lists ${wheel.file} with sha256 ${falseHash} and serves ${wheel.sha256}`,
    });
    expect(count("POST")).toBe(0);
  });

  it("that has another file by then is refused, also where it lost the answer to an upload", async () => {
    files.set(wheel.file, other.bytes);
    expect(await failure()).toMatchObject({ message: `${index} has another ${wheel.file}` });
    files.clear();
    faults = [{ method: "POST", fault: "lost_before" }];
    server.once("request", () => setImmediate(() => files.set(wheel.file, other.bytes)));
    expect(await failure()).toMatchObject({ message: `${index} has another ${wheel.file}` });
    expect(files.get(wheel.file)).toEqual(other.bytes);
  });
});
