import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Repository } from "../../lib/oci/registry.ts";
import { registryClient, repositoryOf } from "../../lib/oci/registry.ts";
import { handImage, handIndex, pushByHand } from "../bed/hand_image.ts";
import type { Passed } from "../bed/meddling_proxy.ts";
import { startProxy } from "../bed/meddling_proxy.ts";
import type { TestRegistry } from "../bed/registry.ts";
import { freeAddress, startRegistry } from "../bed/registry.ts";

const repo = (name: string, address: string) => repositoryOf({ name, kind: "oci", required: true, address }, "cmamp");
const client = () => registryClient({ env: { DOCKER_CONFIG: "/nonexistent" } });
const run = promisify(execFile);
const image = handImage("one");
const index = handIndex("many");

describe("copies between three registries", () => {
  let all: TestRegistry[] = [];
  let repos: [Repository, Repository, Repository];
  beforeAll(async () => {
    all = await Promise.all([startRegistry(), startRegistry(), startRegistry()]);
    const [a = "", b = "", c = ""] = all.map((registry) => registry.address);
    repos = [repo("a", a), repo("b", b), repo("c", c)];
    await pushByHand(repos[0], image, { tag: "dev-1.0.0" });
    await pushByHand(repos[0], index, { tag: "dev-2.0.0" });
  });
  afterAll(async () => {
    await Promise.all(all.map((registry) => registry.stop()));
  });
  beforeEach(() => {
    for (const registry of all) registry.forget();
  });
  const requests = (at: number) => all[at]?.requests() ?? [];
  const changes = (at: number) => requests(at).filter(({ method }) => method !== "GET" && method !== "HEAD");
  /** A repository of the second registry that has the image as dev-1.0.0; what brought it there is forgotten. */
  const filled = async (name: string): Promise<Repository> => {
    const to = repo("b", `${repos[1].host}/${name}`);
    await pushByHand(to, image, { tag: "dev-1.0.0" });
    for (const registry of all) registry.forget();
    return to;
  };

  it("keeps the digest byte for byte and reads each blob of the source once", async () => {
    const [from, ...to] = repos;
    const results = await client().copy({ from, to, digest: index.digest, tag: "dev-2.0.0" });
    expect(results.map(({ outcome }) => outcome)).toEqual(["copied", "copied"]);
    for (const target of to) {
      const manifest = await client().manifest(target, "dev-2.0.0");
      expect(Buffer.from(manifest?.bytes ?? [])).toEqual(Buffer.from(index.bytes));
      expect(manifest?.mediaType).toBe(index.mediaType);
    }
    const blobs = requests(0).filter(({ path }) => path.includes("/blobs/"));
    expect(blobs.map(({ path }) => path.split("/").at(-1)).sort()).toEqual(
      index.children.flatMap((child) => child.blobs.map((blob) => blob.digest)).sort(),
    );
  });

  it("is what another program reads: skopeo sees the same bytes and layers", async () => {
    const [from, to] = repos;
    await client().copy({ from, to: [to], digest: image.digest, tag: "dev-1.0.0" });
    const words = ["--tls-verify=false", `docker://${to.reference}:dev-1.0.0`];
    const { stdout } = await run("skopeo", ["inspect", "--raw", ...words]);
    expect(stdout).toBe(Buffer.from(image.bytes).toString("utf8"));
    expect(await pulledBySkopeo(to)).toContain("Writing manifest");
  });

  it("sends nothing but one HEAD when everything is there", async () => {
    const [from] = repos;
    const to = await filled("full");
    const results = await client().copy({ from, to: [to], digest: image.digest, tag: "dev-1.0.0" });
    expect(results.map(({ outcome }) => outcome)).toEqual(["already"]);
    expect(requests(1).map(({ method }) => method)).toEqual(["HEAD"]);
    expect(requests(0)).toEqual([]);
  });

  it("moves no layer when only the tag is new", async () => {
    const [from] = repos;
    const to = await filled("retagged");
    await client().copy({ from, to: [to], digest: image.digest, tag: "dev" });
    expect(changes(1).map(({ method, path }) => `${method} ${path}`)).toEqual(["PUT /v2/retagged/cmamp/manifests/dev"]);
    expect(requests(0).filter(({ path }) => path.includes("/blobs/"))).toEqual([]);
  });

  it("mounts from another repository of the same registry", async () => {
    const [from] = repos;
    const to = repo("a", `${from.host}/team`);
    const results = await client().copy({ from, to: [to], digest: image.digest, tag: "dev" });
    expect(results.map(({ outcome }) => outcome)).toEqual(["copied"]);
    expect(changes(0).map(({ method, status }) => `${method} ${status}`)).toEqual([
      ...image.blobs.map(() => "POST 201"),
      "PUT 201",
    ]);
    expect(requests(0).filter(({ method, path }) => method === "GET" && path.includes("/blobs/"))).toEqual([]);
  });

  it("retags in five requests or fewer", async () => {
    const [from] = repos;
    const own = client();
    const seen = await own.head(from, "stable");
    expect(seen).toBeNull();
    const manifest = await own.manifest(from, image.digest);
    if (manifest === null) throw new Error("the image is there");
    await own.putManifest(from, "stable", { manifest });
    expect(await own.head(from, "stable")).toMatchObject({ digest: image.digest, mediaType: image.mediaType });
    expect(requests(0).map(({ method }) => method)).toEqual(["HEAD", "GET", "PUT", "HEAD"]);
  });

  it("reads the config of an image, and of an index for a platform", async () => {
    const name = async (digest: string, platform?: string) =>
      expect(await client().configOf(repos[0], digest, platform)).toMatchObject({
        config: { Labels: { name: platform === undefined ? "one" : "many arm64" } },
      });
    await name(image.digest);
    await name(index.digest, "linux/arm64");
  });

  it("lists all tags, and none of a repository that does not exist", async () => {
    const to = repo("b", `${repos[1].host}/listed`);
    for (const tag of ["prod", "dev-1.0.0", "dev"]) await pushByHand(to, image, { tag });
    expect([...(await client().tags(to))].sort()).toEqual(["dev", "dev-1.0.0", "prod"]);
    expect(await client().tags(repo("a", `${repos[0].host}/nobody`))).toEqual([]);
  });

  it("leaves no upload behind when it asks whether it may push", async () => {
    await client().assertCanPush(repos[1]);
    await vi.waitUntil(() => changes(1).length === 2);
    expect(changes(1).map(({ method, status }) => `${method} ${status}`)).toEqual(["POST 202", "DELETE 204"]);
  });

  it("finishes the other targets when one does not answer", async () => {
    const [from, , to] = repos;
    const down = repo("down", await freeAddress());
    const [first, second] = await client().copy({ from, to: [down, to], digest: image.digest, tag: "dev-1.0.0" });
    expect(first).toMatchObject({ outcome: "error", error: { reason: "unreachable", registry: "down" } });
    expect(second).toMatchObject({ outcome: "copied" });
  });

  it("finishes the other targets when one refuses a layer half way", async () => {
    const [from, to] = repos;
    const reply = ({ method, query }: Passed) => (method === "PUT" && query.has("digest") ? { status: 403 } : null);
    const proxy = await startProxy(to.host, { reply });
    const targets = [repo("strict", `${proxy.address}/team`), repo("b", `${to.host}/other`)];
    const results = await client().copy({ from, to: targets, digest: image.digest, tag: "dev" });
    expect(results).toMatchObject([
      { outcome: "error", error: { reason: "denied", registry: "strict" } },
      { outcome: "copied" },
    ]);
    await proxy.stop();
  });

  it("names an image that the source does not have", async () => {
    const [from, to] = repos;
    const digest = `sha256:${"0".repeat(64)}`;
    const [result] = await client().copy({ from, to: [to], digest });
    expect(result).toMatchObject({ outcome: "error", error: { reason: "not_found", registry: "a" } });
  });
});

/** Pulls the image whole with skopeo, which checks every blob against its digest; gives what it printed. */
async function pulledBySkopeo(from: Repository): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-skopeo-"));
  const argv = ["copy", "--src-tls-verify=false", `docker://${from.reference}:dev-1.0.0`, `dir:${folder}`];
  const { stdout } = await run("skopeo", argv);
  rmSync(folder, { recursive: true });
  return stdout;
}
