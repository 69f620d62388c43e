import { mkdtempSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RegistryKind } from "../../lib/config/registry.ts";
import type { CopyEvent } from "../../lib/oci/registry.ts";
import { registryClient, repositoryOf } from "../../lib/oci/registry.ts";
import { handImage, pushByHand } from "../bed/hand_image.ts";
import type { Meddling, Passed, Proxy_ } from "../bed/meddling_proxy.ts";
import { startProxy } from "../bed/meddling_proxy.ts";
import type { TestRegistry } from "../bed/registry.ts";
import { freeAddress, startRegistry } from "../bed/registry.ts";
import { startResuming } from "../bed/resuming_registry.ts";

const image = handImage("trouble", [6_000_000]);
const layer = image.blobs[1]?.digest ?? "";
const repo = (address: string, kind: RegistryKind = "oci") =>
  repositoryOf({ name: kind, kind, required: true, address }, "cmamp");

let source: TestRegistry;
const started: (TestRegistry | Proxy_)[] = [];
beforeAll(async () => {
  source = await startRegistry();
  await pushByHand(repo(source.address), image, { tag: "dev" });
});
afterAll(async () => {
  await Promise.all([source, ...started].map((one) => one.stop()));
});
async function meddled(meddling: Meddling, before?: string): Promise<Proxy_ & { readonly real: string }> {
  const target = before ?? (await startRegistry().then((one) => started[started.push(one) - 1] ?? one)).address;
  const proxy = await startProxy(target, meddling);
  started.push(proxy);
  return { ...proxy, real: target };
}
const timeouts = { answer: 2_000, idle: 2_000 };
const client = () => registryClient({ env: { DOCKER_CONFIG: "/nonexistent" }, timeouts });
const copyTo = (address: string, kind: RegistryKind, tell?: (event: CopyEvent) => void) =>
  client().copy({ from: repo(source.address), to: [repo(address, kind)], digest: image.digest, tag: "dev" }, tell);
const isLayer = ({ method, path }: Passed) => method === "GET" && path.endsWith(layer);

describe("a registry that lies", () => {
  it.each(["dev", image.digest])("is found out by the bytes of manifest %s", async (reference) => {
    const change = (passed: Passed, body: Buffer) => (passed.method === "GET" ? Buffer.from(`${body} `) : body);
    const { address } = await meddled({ change }, source.address);
    await expect(client().manifest(repo(address), reference)).rejects.toMatchObject({
      reason: "broken",
      registry: "oci",
      message: expect.stringContaining(`${address}/cmamp`),
    });
  });

  it("is found out by the bytes of a layer, before the target has it", async () => {
    const change = (passed: Passed, body: Buffer) => (isLayer(passed) ? Buffer.alloc(body.length, "x") : body);
    const { address } = await meddled({ change }, source.address);
    const target = await startRegistry();
    started.push(target);
    const job = { from: repo(address), to: [repo(target.address, "ghcr")], digest: image.digest, tag: "dev" };
    expect(await client().copy(job)).toMatchObject([
      { outcome: "error", error: { reason: "broken", registry: "oci" } },
    ]);
    expect(target.requests().filter(({ method, status }) => method === "PUT" && status < 300)).toHaveLength(1);
    expect(await client().head(repo(target.address), "dev")).toBeNull();
  });

  it("is found out by the digest it names for a push", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const isPut = ({ method, path }: Passed) => method === "PUT" && path.endsWith("/manifests/dev");
    const reply = (passed: Passed) =>
      isPut(passed) ? { status: 201, headers: { "docker-content-digest": digest } } : null;
    const { address } = await meddled({ reply });
    expect(await copyTo(address, "oci")).toMatchObject([{ outcome: "error", error: { reason: "broken" } }]);
  });
});

describe("a registry that sends on", () => {
  it("gets its login for itself, the other host does not", async () => {
    const store = await meddled({}, source.address);
    const reply = (passed: Passed) => {
      if (passed.authorization === undefined)
        return { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };
      if (!isLayer(passed) && !passed.path.endsWith(image.blobs[0]?.digest ?? "")) return null;
      return { status: 307, headers: { location: `http://${store.address}${passed.path}?signature=x` } };
    };
    const { address } = await meddled({ reply }, source.address);
    const target = await startRegistry();
    started.push(target);
    const own = registryClient({ env: { DOCKER_CONFIG: dockerConfig(address) }, timeouts });
    const job = { from: repo(address), to: [repo(target.address)], digest: image.digest, tag: "dev" };
    expect(await own.copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect(store.passed.map(({ method }) => method)).toEqual(["GET", "GET"]);
    expect(store.passed.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });
});

describe("a registry that breaks off", () => {
  it("gets the whole blob anew where the rest alone is not taken", async () => {
    let cuts = 1;
    const isWhole = ({ method, query }: Passed) => method === "PUT" && query.get("digest") === layer;
    const { address, passed } = await meddled({ cut: (one) => (isWhole(one) && cuts-- > 0 ? 4_000_000 : null) });
    const events: CopyEvent[] = [];
    expect(await copyTo(address, "ecr", (event) => events.push(event))).toMatchObject([{ outcome: "copied" }]);
    expect(events.filter(({ event }) => event === "retry")).toHaveLength(1);
    expect(passed.filter(isWhole)).toHaveLength(2);
    expect(passed.filter(({ method }) => method === "PATCH")).toEqual([]);
  });

  const cutAt = 1_000_000;
  const largest = 4 * 1024 * 1024;
  it.each([
    ["oci", Number.POSITIVE_INFINITY, [[cutAt, 6_000_000]]],
    [
      "ghcr",
      largest,
      [
        [cutAt, cutAt + largest],
        [cutAt + largest, 6_000_000],
      ],
    ],
  ] as const)("%s gets only what it lacks", async (kind, largestChunk, pieces) => {
    const target = await startResuming({ cutAt, largestChunk });
    // The PUT that ends the upload is answered with the digest of what came, which the client compares.
    expect(await copyTo(target.address, kind)).toMatchObject([{ outcome: "copied" }]);
    const patches = target.chunks.filter(({ method }) => method === "PATCH");
    expect(patches).toEqual(
      pieces.map(([from, to]) => ({ method: "PATCH", range: `${from}-${to - 1}`, bytes: to - from })),
    );
    await target.stop();
  });

  it("is asked again after 429 and 503", async () => {
    const answers = [429, 503];
    const reply = () => {
      const status = answers.shift();
      return status === undefined ? null : { status, headers: { "retry-after": "0" } };
    };
    const { address, passed } = await meddled({ reply }, source.address);
    expect(await client().head(repo(address), "dev")).toMatchObject({ digest: image.digest });
    expect(passed).toHaveLength(3);
  });

  it.each([
    [400, "refused", 1],
    [405, "refused", 1],
    [429, "throttled", 5],
  ] as const)("%i ends as %s after %i requests", async (status, reason, count) => {
    const headers = { "retry-after": "0" };
    const body = JSON.stringify({ errors: [{ code: "TAG_INVALID", message: "tag is immutable" }] });
    const { address, passed } = await meddled({ reply: () => ({ status, headers, body }) }, source.address);
    const asked = client().manifest(repo(address), "dev");
    await expect(asked).rejects.toMatchObject({
      reason,
      why: expect.stringContaining("TAG_INVALID: tag is immutable"),
    });
    expect(passed).toHaveLength(count);
  });

  it("is not waited for when it says nothing", async () => {
    const { address, close } = await silent();
    await expect(client().head(repo(address), "dev")).rejects.toMatchObject({ reason: "unreachable" });
    close();
  });

  it("refuses a push to a read-only registry in its own words", async () => {
    const readonly = await startRegistry({ readonly: true });
    started.push(readonly);
    await expect(client().assertCanPush(repo(readonly.address))).rejects.toMatchObject({
      reason: "refused",
      why: expect.stringContaining("It said: Method not allowed"),
    });
  });
});

/** A folder with docker's configuration that holds a login for an address. */
function dockerConfig(address: string): string {
  const folder = mkdtempSync(join(tmpdir(), "slipway-trouble-"));
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [address]: { auth: btoa("me:word") } } }));
  return folder;
}

/** Takes connections and never answers. */
async function silent(): Promise<{ address: string; close: () => void }> {
  const address = await freeAddress();
  const [host = "", port = ""] = address.split(":");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { address, close };
}
