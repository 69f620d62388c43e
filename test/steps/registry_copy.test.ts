import { describe, expect, it, vi } from "vitest";
import { type OciServer, sha256 } from "./oci_server.ts";
import { blob, blobsRead, copyGround, image, isBlob, outcomes } from "./registry_copy_ground.ts";
import { askedBy, blobImage, clientOf, hold, imageOf, imageType, indexOf, lines, repoAt } from "./registry_ground.ts";

const name = sha256(blob);
const layered = imageOf(["layer one", "the longer layer two"]);
const amd = imageOf(["shared", "amd"], { architecture: "amd64" });
const arm = imageOf(["shared", "arm"], { architecture: "arm64" });
const many = indexOf([
  ["linux/amd64", amd],
  ["linux/arm64", arm],
]);
const ground = (targets = 1) => copyGround({ images: [image, layered, amd, arm, many], targets });

describe("a copy", () => {
  it("puts each blob, then the manifest under the tag, and reads it back", async () => {
    const { to, repos, copy } = await ground();
    expect(await copy({ image: layered })).toEqual([{ repo: repos[0], outcome: "copied" }]);
    const seen = lines(to);
    expect(seen.slice(0, 2)).toEqual(["HEAD /v2/cmamp/manifests/dev", `HEAD /v2/cmamp/manifests/${layered.digest}`]);
    expect(seen.slice(-2)).toEqual(["PUT /v2/cmamp/manifests/dev", "HEAD /v2/cmamp/manifests/dev"]);
    for (const one of [...layered.layers, layered.config].map(sha256)) {
      expect(seen).toContain(`HEAD /v2/cmamp/blobs/${one}`);
      expect(seen.filter((line) => line.includes(`digest=${encodeURIComponent(one)}`))).toHaveLength(1);
    }
    expect(seen).toHaveLength(4 + 3 * 3);
    expect(to.manifests.get("cmamp:dev")).toEqual({ bytes: layered.bytes, mediaType: imageType });
  });

  it("sends a blob in one PUT that says how long it is", async () => {
    const { to, copy } = await ground();
    await copy();
    const put = askedBy(to, "PUT").find(({ query }) => query.get("digest") === name);
    expect(String(put?.body)).toBe(blob);
    expect(put?.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-length": "26",
      "user-agent": "slipway",
      "accept-encoding": "identity",
    });
    expect(put?.headers).not.toHaveProperty("content-range");
    expect(put?.headers).not.toHaveProperty("transfer-encoding");
  });

  it("sends a blob to where the upload was opened, its query kept", async () => {
    const { to, copy } = await ground();
    let opened = 0;
    to.reply = ({ method }) => {
      if (method !== "POST") return null;
      opened += 1;
      return { status: 202, headers: { location: `/v2/cmamp/blobs/uploads/${opened}?state=a%2Fb` } };
    };
    to.early = ({ method, path, query }) =>
      method === "PUT" && path.includes("/uploads/")
        ? query.get("state") === "a/b"
          ? { status: 201 }
          : { status: 400 }
        : null;
    expect(outcomes(await copy())).toEqual(["copied"]);
    expect(lines(to).filter((line) => line.includes("state=a%2Fb&digest=sha256%3A"))).toHaveLength(1);
  });

  it("reads each blob once from the source, however many targets there are", async () => {
    const { from, to, other, copy } = await ground(3);
    expect(outcomes(await copy())).toEqual(["copied", "copied", "copied"]);
    expect(lines(from)).toEqual([`GET /v2/cmamp/manifests/${image.digest}`, `GET /v2/cmamp/blobs/${name}`]);
    for (const server of [to, other]) expect(server.blobs.get(name)).toEqual(Buffer.from(blob));
  });

  it("is nothing but one HEAD where the tag is right already", async () => {
    const { from, to, repos, copy } = await ground();
    hold(to, image);
    to.manifests.set("cmamp:dev", { bytes: image.bytes, mediaType: imageType });
    expect(await copy()).toEqual([{ repo: repos[0], outcome: "already" }]);
    expect([lines(to), lines(from)]).toEqual([["HEAD /v2/cmamp/manifests/dev"], []]);
  });

  it("asks a target all at once, and the source for nothing twice, where the manifest was read before", async () => {
    const { from, to, client, copy } = await ground();
    await client.manifest(repoAt(from), layered.digest);
    const questions = 2 + [layered.config, ...layered.layers].length;
    to.before = async ({ method }) => {
      if (method === "HEAD") await vi.waitUntil(() => askedBy(to, "HEAD").length >= questions);
    };
    expect(outcomes(await copy({ image: layered }))).toEqual(["copied"]);
    expect(lines(from).filter((line) => line.includes("/manifests/"))).toHaveLength(1);
  });

  it("is by digest alone without a tag", async () => {
    const { to, copy } = await ground();
    expect(outcomes(await copy({ tag: null }))).toEqual(["copied"]);
    expect(lines(to).slice(-2)).toEqual([
      `PUT /v2/cmamp/manifests/${image.digest}`,
      `HEAD /v2/cmamp/manifests/${image.digest}`,
    ]);
    expect([...to.manifests.keys()]).toEqual([`cmamp@${image.digest}`]);
    expect(outcomes(await copy({ tag: null }))).toEqual(["already"]);
  });

  it("moves no blob where only the tag is new", async () => {
    const { from, to, copy } = await ground();
    hold(to, image);
    expect(outcomes(await copy())).toEqual(["copied"]);
    expect([blobsRead(from), askedBy(to, "POST")]).toEqual([[], []]);
    expect(to.digestOf("cmamp", "dev")).toBe(image.digest);
  });

  it.each([200, 302, 307])("leaves out a blob that is there, which a registry says with %i", async (status) => {
    const { from, to, events, copy } = await ground();
    const headers = { location: "http://127.0.0.1:9/elsewhere" };
    to.reply = (asked) => (asked.method === "HEAD" && isBlob(asked) ? { status, headers } : null);
    expect(outcomes(await copy())).toEqual(["copied"]);
    expect([blobsRead(from), askedBy(to, "POST")]).toEqual([[], []]);
    expect(events).toContainEqual({ event: "there", digest: name, registry: "there" });
  });

  it("fails where it may not look for a blob", async () => {
    const { to, repos, copy } = await ground();
    to.reply = (asked) => (asked.method === "HEAD" && isBlob(asked) ? { status: 403 } : null);
    const message = `cannot look for ${repos[0]?.reference}@${name}: there answered 403`;
    expect(await copy()).toMatchObject([{ outcome: "error", error: { reason: "denied", message } }]);
  });

  it("tells what it will move, and everything that it has done", async () => {
    const { events, copy } = await ground();
    await copy();
    expect(events).toEqual([
      { event: "plan", blobs: 1, bytes: 26 },
      { event: "bytes", digest: name, bytes: 26 },
      { event: "uploaded", digest: name, registry: "there" },
      { event: "pushed", reference: "dev", registry: "there" },
    ]);
  });

  it("plans with the sum of what it will move", async () => {
    const { events, copy } = await ground();
    await copy({ image: layered });
    expect(events[0]).toEqual({ event: "plan", blobs: 3, bytes: 9 + 20 + 14 });
  });

  it("needs nobody to listen", async () => {
    const { from, repos } = await ground();
    expect(outcomes(await clientOf().copy({ from: repoAt(from), to: repos, digest: image.digest }))).toEqual([
      "copied",
    ]);
  });

  it("copies an empty layer too", async () => {
    const { from, to, copy } = await ground();
    const empty = blobImage("");
    hold(from, empty);
    expect(outcomes(await copy({ image: empty }))).toEqual(["copied"]);
    expect(to.blobs.get(sha256(""))).toEqual(Buffer.alloc(0));
  });
});

describe("a copy of an index", () => {
  it("puts the children by digest before the index, shared blobs once", async () => {
    const { from, to, copy } = await ground();
    expect(outcomes(await copy({ image: many }))).toEqual(["copied"]);
    const puts = lines(to).filter((line) => line.startsWith("PUT /v2/cmamp/manifests/"));
    expect(puts).toEqual([amd.digest, arm.digest, "dev"].map((name) => `PUT /v2/cmamp/manifests/${name}`));
    expect(blobsRead(from).filter((name) => name === sha256("shared"))).toHaveLength(1);
    expect(blobsRead(from)).toHaveLength(5);
    expect(to.manifests.get("cmamp:dev")?.bytes).toEqual(many.bytes);
  });

  it("moves only what the child that is lacking needs", async () => {
    const { from, to, events, copy } = await ground();
    hold(to, amd);
    expect(outcomes(await copy({ image: many }))).toEqual(["copied"]);
    expect([...blobsRead(from)].sort()).toEqual([sha256("arm"), sha256(arm.config)].sort());
    expect(lines(to)).not.toContain(`PUT /v2/cmamp/manifests/${amd.digest}`);
    expect(events.find(({ event }) => event === "plan")).toMatchObject({ blobs: 3 });
  });

  it("moves to each target what that one lacks", async () => {
    const { from, to, other, copy } = await ground(2);
    hold(to, amd);
    expect(outcomes(await copy({ image: many }))).toEqual(["copied", "copied"]);
    expect(blobsRead(from)).toHaveLength(5);
    expect(lines(to).filter((line) => line.endsWith(sha256("amd")))).toEqual([`HEAD /v2/cmamp/blobs/${sha256("amd")}`]);
    expect(other.blobs.size).toBe(5);
  });

  it("reads a child that is named twice once", async () => {
    const { from, copy } = await ground();
    const twice = indexOf([
      ["linux/amd64", amd],
      ["linux/386", amd],
    ]);
    hold(from, twice);
    expect(outcomes(await copy({ image: twice }))).toEqual(["copied"]);
    expect(lines(from).filter((line) => line.endsWith(amd.digest))).toHaveLength(1);
  });
});

describe("a copy within one registry", () => {
  /** To another repository of the source, which holds no blob yet. */
  async function within(reply: OciServer["reply"] = () => null) {
    const at = await ground();
    at.from.reply = (asked) =>
      asked.path.startsWith("/v2/team/") && asked.method === "HEAD" && isBlob(asked) ? { status: 404 } : reply(asked);
    const to = [{ ...repoAt(at.from), path: "team/cmamp" }];
    return { ...at, copying: () => at.copy({ to }) };
  }
  const posts = (server: OciServer) =>
    askedBy(server, "POST").map(({ path, query }) => ({ path, ...Object.fromEntries(query) }));
  const path = "/v2/team/cmamp/blobs/uploads/";

  it("mounts the blobs and reads none", async () => {
    const { from, events, copying } = await within();
    expect(outcomes(await copying())).toEqual(["copied"]);
    expect(blobsRead(from)).toEqual([]);
    expect(posts(from)).toEqual([{ path, mount: name, from: "cmamp" }]);
    expect(events).toContainEqual({ event: "mounted", digest: name, registry: "mine" });
  });

  it("goes on with the upload that a registry opens instead of a mount", async () => {
    const { from, copying } = await within(({ query }) =>
      query.has("mount") ? { status: 202, headers: { location: "/v2/team/cmamp/blobs/uploads/x" } } : null,
    );
    from.early = ({ method, path: at }) => (method === "PUT" && at.endsWith("/x") ? { status: 201 } : null);
    expect(outcomes(await copying())).toEqual(["copied"]);
    expect(posts(from)).toHaveLength(1);
  });

  it.each([[{ status: 404 }], [{ status: 401 }], [{ status: 503 }], [{ status: 202 }], ["reset"]] as const)(
    "uploads plainly where a mount ends in %j, which is tried once",
    async (reply) => {
      const { from, clock, copying } = await within(({ query }) => (query.has("mount") ? reply : null));
      expect(outcomes(await copying())).toEqual(["copied"]);
      expect(posts(from)).toEqual([{ path, mount: name, from: "cmamp" }, { path }]);
      expect(clock.waits).toEqual([]);
    },
  );

  it("to a registry at another port mounts nothing", async () => {
    const { to, copy } = await ground();
    await copy({ to: [{ ...repoAt(to), path: "team/cmamp" }] });
    expect(askedBy(to, "POST").filter(({ query }) => query.has("mount"))).toEqual([]);
  });
});
