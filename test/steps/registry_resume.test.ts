import { describe, expect, it, vi } from "vitest";
import type { RegistryKind } from "../../lib/config/registry.ts";
import type { CopyEvent } from "../../lib/oci/registry.ts";
import { type OciServer, type Reply, sha256 } from "./oci_server.ts";
import { copyGround, errorIn, first, isUpload, retries } from "./registry_copy_ground.ts";
import { askedBy, blobImage, failureOf, lines } from "./registry_ground.ts";

const MiB = 1024 * 1024;

describe("an upload that broke off", () => {
  /** A target that breaks the first upload of a layer of `size` bytes after `held`, and keeps those. */
  async function broken(kind: RegistryKind, size: number, held: number) {
    const own = blobImage(Buffer.alloc(size, "0123456789"));
    const at = await copyGround({ kind, images: [own] });
    let left = 1;
    at.to.breaks = (head) => (isUpload(head) && left-- > 0 ? held : null);
    const sent = () =>
      at.to.asked
        .filter(({ method, path }) => path.includes("/uploads/") && method !== "POST")
        .map(({ method, headers, body }) => [method, headers["content-range"] ?? null, body.length]);
    return { ...at, own, name: sha256(own.config), sent };
  }

  it.each(["oci", "dockerhub"] as const)("goes on in %s with what is lacking, in one piece", async (kind) => {
    const { to, own, name, sent, copy } = await broken(kind, 1000, 400);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect(sent()).toEqual([
      ["PUT", null, 400],
      ["GET", null, 0],
      ["PATCH", "400-999", 600],
      ["PUT", null, 0],
    ]);
    expect(to.blobs.get(name)).toEqual(own.config);
    const [, last] = askedBy(to, "PUT").filter(isUpload);
    expect([last?.query.get("digest"), last?.headers["content-length"]]).toEqual([name, "0"]);
    expect(askedBy(to, "PATCH")[0]?.headers).toMatchObject({
      "content-length": "600",
      "content-type": "application/octet-stream",
    });
    expect(askedBy(to, "PATCH")[0]?.query.has("digest")).toBe(false);
    expect(askedBy(to, "POST")).toHaveLength(1);
  });

  it("goes on in ghcr in pieces of four megabytes", async () => {
    const { to, own, name, sent, copy } = await broken("ghcr", 8 * MiB + 1000, 500);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect(sent().slice(1)).toEqual([
      ["GET", null, 0],
      ["PATCH", "500-4194803", 4 * MiB],
      ["PATCH", "4194804-8389107", 4 * MiB],
      ["PATCH", "8389108-8389607", 500],
      ["PUT", null, 0],
    ]);
    expect(to.blobs.get(name)?.equals(own.config)).toBe(true);
  });

  it("starts anew where what was there came from a source that gave other bytes", async () => {
    const size = 16 * MiB;
    const { from, to, own, name, copy } = await broken("oci", size, 100_000);
    const other: Reply = { status: 200, body: Buffer.alloc(size, "x") };
    from.early = first(1, ({ path }) => path.endsWith(name), other);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect(to.blobs.get(name)?.equals(own.config)).toBe(true);
    expect(askedBy(from, "GET").filter(({ path }) => path.endsWith(name))).toHaveLength(3);
  });

  it("starts anew in ecr", async () => {
    const { sent, copy } = await broken("ecr", 1000, 400);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect(sent()).toEqual([
      ["PUT", null, 400],
      ["PUT", null, 1000],
    ]);
  });

  it("that had all its bytes needs only its end", async () => {
    const { sent, copy } = await broken("oci", 1000, 1000);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect(sent()).toEqual([
      ["PUT", null, 1000],
      ["GET", null, 0],
      ["PUT", null, 0],
    ]);
  });

  it.each([
    ["is gone", { status: 404 }],
    ["holds nothing", { status: 204 }],
    ["holds more than there is", { status: 204, headers: { range: "0-1000" } }],
    ["is not told of", { status: 503 }],
    ["gets no answer", "reset"],
  ] as const)("starts anew where it %s, which is asked once", async (_what, reply) => {
    const { to, sent, clock, copy } = await broken("oci", 1000, 400);
    to.reply = ({ method, path }) => (method === "GET" && path.includes("/uploads/") ? reply : null);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect(sent()).toEqual([
      ["PUT", null, 400],
      ["GET", null, 0],
      ["PUT", null, 1000],
    ]);
    expect([askedBy(to, "POST").length, clock.waits.length]).toEqual([2, 1]);
  });

  it.each([202, 204])("goes on where the registry says with %i", async (status) => {
    const { to, copy } = await broken("oci", 1000, 400);
    to.reply = ({ method, path }) =>
      method === "GET" && path.includes("/uploads/")
        ? { status, headers: { range: "0-399", location: "/v2/cmamp/blobs/uploads/moved?state=1" } }
        : null;
    to.early = ({ path }) =>
      path.endsWith("/moved")
        ? { status: 202, headers: { location: "/v2/cmamp/blobs/uploads/last?state=2" } }
        : path.endsWith("/last")
          ? { status: 201 }
          : null;
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    const seen = lines(to)
      .filter((line) => line.includes("/uploads/"))
      .slice(-2);
    expect(seen[0]).toBe("PATCH /v2/cmamp/blobs/uploads/moved?state=1");
    expect(seen[1]).toMatch(/^PUT \/v2\/cmamp\/blobs\/uploads\/last\?state=2&digest=sha256%3A[0-9a-f]{64}$/);
  });

  it.each([404, 416, 503])("starts anew where its rest is answered with %i", async (status) => {
    const { to, copy } = await broken("oci", 1000, 400);
    let told = 0;
    to.early = first(1, ({ method }) => method === "PATCH", { status });
    to.reply = ({ method, path }) => {
      if (method !== "GET" || !path.includes("/uploads/")) return null;
      told += 1;
      return told > 1 ? { status: 404 } : null;
    };
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect(askedBy(to, "POST")).toHaveLength(2);
  });

  it("is given up where its rest is refused", async () => {
    const { to, name, copy } = await broken("oci", 1000, 400);
    to.early = ({ method }) => (method === "PATCH" ? { status: 400 } : null);
    const error = await failureOf(errorIn(await copy()), "refused");
    expect(error.message).toBe(`cannot push ${to.address}/cmamp@${name}: there answered 400`);
  });

  it("is given up where nobody says where its rest goes", async () => {
    const { to, copy } = await broken("oci", 1000, 400);
    to.early = ({ method }) => (method === "PATCH" ? { status: 202 } : null);
    const error = await failureOf(errorIn(await copy()), "refused");
    expect(error.message).toBe(`cannot push to ${to.address}/cmamp: there opened no upload`);
  });
});

describe("a source that breaks", () => {
  const content = Buffer.alloc(300_000, "0123456789");
  const own = blobImage(content);
  const name = sha256(content);
  const reads = (server: OciServer) => askedBy(server, "GET").filter(({ path }) => path.endsWith(name));
  /** A source whose layer is first answered so, so often. */
  async function source(reply: Reply, count = 1, targets = 1) {
    const at = await copyGround({ images: [own], targets });
    at.from.early = first(count, ({ path }) => path.endsWith(name), reply);
    return at;
  }
  const whole = (body: Buffer, more: object = {}): Reply => ({ status: 200, body, ...more });

  it.each([
    ["ends the connection", whole(content, { cut: 100_000 })],
    ["sends too little", whole(content.subarray(1))],
    ["is busy", { status: 503 }],
    ["resets", "reset"],
  ] as const)("and %s is read again", async (_what, reply) => {
    const { from, to, copy } = await source(reply);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect(reads(from)).toHaveLength(2);
    expect(to.blobs.get(name)?.equals(content)).toBe(true);
  });

  it("five times is every target's failure, and names the source", async () => {
    const { from, clock, events, copy } = await source(whole(content, { cut: 100_000 }), 5, 2);
    const error = { registry: "mine", reason: "unreachable", message: `mine (${from.address}) does not answer` };
    expect(await copy()).toMatchObject([{ error }, { error }]);
    expect([reads(from).length, clock.waits.length]).toEqual([5, 4]);
    expect(retries(events)[0]).toMatchObject({ why: error.message });
  });

  it.each([
    ["other bytes", Buffer.alloc(300_000, "x"), /^The bytes that came are sha256:[0-9a-f]{64}\.$/],
    ["a byte too many", Buffer.alloc(300_001, "x"), /^More than its 300000 bytes came\.$/],
  ])("with %s is found out, and no target gets them whole", async (_what, body, why) => {
    const { from, to, copy } = await source(whole(body), 1, 2);
    const [first_, second] = await copy();
    const error = await failureOf(Promise.reject(first_?.outcome === "error" ? first_.error : null), "broken");
    expect(error.message).toBe(`mine gave something false for ${from.address}/cmamp@${name}`);
    expect(error.why).toMatch(why);
    expect(second).toMatchObject({ outcome: "error", error: { registry: "mine", reason: "broken" } });
    expect(reads(from)).toHaveLength(1);
    const bodies = askedBy(to, "PUT")
      .filter(isUpload)
      .map((asked) => asked.body.length);
    expect(Math.max(0, ...bodies)).toBeLessThan(300_000);
    expect(to.blobs.has(name)).toBe(false);
  });

  it.each([
    [1, { outcome: "copied" }],
    [5, { outcome: "error", error: { registry: "mine", why: "The connection ended with ETIMEDOUT." } }],
  ])("and stops in the middle is not waited for: %i times", async (count, result) => {
    const { from, clock, copy } = await source(whole(content, { cut: 1000, stalls: true }), count);
    const isStalled = (event: CopyEvent) => event.event === "bytes" && reads(from).length <= count;
    expect(await copy({ tell: (event) => isStalled(event) && clock.runOut() })).toMatchObject([result]);
    expect([reads(from).length, clock.waits.length]).toEqual([Math.min(count + 1, 5), Math.min(count, 4)]);
  });

  it("and does not begin is not waited for", async () => {
    const { from, to, other, clock, copy } = await copyGround({ images: [own], targets: 2 });
    from.early = first(1, ({ path }) => path.endsWith(name), "hang");
    const error = { registry: "mine", message: `mine (${from.address}) does not answer` };
    const copying = copy();
    // The uploads were opened beside it.
    const opened = () => [to, other].every((server) => askedBy(server, "POST").length === 1);
    await vi.waitUntil(() => reads(from).length === 1 && opened() && clock.waiting() === 1);
    clock.runOut();
    expect(await copying).toMatchObject([{ error }, { error }]);
    expect(reads(from)).toHaveLength(1);
  });
});
