import { describe, expect, it } from "vitest";
import type { CopyEvent } from "../../lib/doors/registry.ts";
import type { RegistryKind } from "../../lib/model/registry.ts";
import { digest } from "./factory.ts";
import { type Asked, type Head, type OciServer, type Reply, sha256 } from "./oci_server.ts";
import {
  askedBy,
  clientOf,
  clockAt,
  dockerFolder,
  envOf,
  failureOf,
  hold,
  imageOf,
  lines,
  repoAt,
  startRegistry,
} from "./registry_ground.ts";

const text = "a layer of twenty-six bytes";
const image = imageOf([text]);
const layer = sha256(text);
const MiB = 1024 * 1024;

/** A source that holds the image, and an empty target of a kind. */
async function ground(kind: RegistryKind = "oci", own = image) {
  const [from, to, other] = [await startRegistry(), await startRegistry(), await startRegistry()];
  hold(from, own);
  // The config is there already, so that all that is sent is the layer.
  to.blobs.set(sha256(own.config), own.config);
  const events: CopyEvent[] = [];
  const clock = clockAt();
  const targets = [repoAt(to, { kind, name: "there" }), repoAt(other, { name: "other" })];
  const copyTo = (count: number, tell: (event: CopyEvent) => unknown = () => null) =>
    clientOf({ clock }).copy(
      { from: repoAt(from), to: targets.slice(0, count), digest: own.digest, tag: "dev" },
      (event) => {
        events.push(event);
        tell(event);
      },
    );
  return { from, to, other, events, clock, copy: () => copyTo(1), copyBoth: () => copyTo(2), copyTo };
}
const isUpload = ({ method, path }: Head) => method === "PUT" && path.includes("/uploads/");
/** Answers the first so many requests of a kind, lets all others through. */
function first(count: number, which: (asked: Head) => boolean, reply: Reply): OciServer["early"] {
  let left = count;
  return (asked) => {
    if (!which(asked) || left === 0) return null;
    left -= 1;
    return reply;
  };
}
/** Gives the first request of a kind no answer, and lets the time run out. */
function silent(which: (asked: Head) => boolean, clock: { readonly runOut: () => void }): OciServer["early"] {
  const hanging = first(1, which, "hang");
  return (asked) => {
    const reply = hanging(asked);
    if (reply) clock.runOut();
    return reply;
  };
}
const uploads = (server: OciServer) => lines(server).filter((line) => line.includes("/uploads/"));
const retries = (events: readonly CopyEvent[]) => events.filter(({ event }) => event === "retry");
const errorIn = (results: readonly { readonly outcome: string; readonly error?: unknown }[]) =>
  Promise.reject(results[0]?.error);
const fromLayer = ({ path }: Pick<Asked, "path">) => path.endsWith(layer);

describe("an upload that is refused", () => {
  it.each([
    [400, "refused"],
    [403, "denied"],
    [413, "refused"],
  ] as const)("with %i ends as %s in the registry's words, at the first time", async (status, reason) => {
    const { to, clock, copy } = await ground();
    to.reply = (asked) => (isUpload(asked) ? { status, body: "not this one" } : null);
    const error = await failureOf(errorIn(await copy()), reason);
    expect(error.message).toBe(`cannot push ${to.address}/cmamp@${layer}: there answered ${status}`);
    expect(error.why).toContain("It said: not this one");
    expect([askedBy(to, "POST").length, clock.waits]).toEqual([1, []]);
  });

  it.each([201, 202, 204])("is none when it ends with %i", async (status) => {
    const { to, copy } = await ground();
    to.reply = (asked) => (isUpload(asked) ? { status } : null);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
  });

  it("by the digest that the registry names is found out", async () => {
    const { to, copy } = await ground();
    to.reply = (asked) => (isUpload(asked) ? { status: 201, headers: { "docker-content-digest": digest("b") } } : null);
    const error = await failureOf(errorIn(await copy()), "broken");
    expect(error.message).toBe(`there gave something false for ${to.address}/cmamp@${layer}`);
    expect(error.why).toBe(`It says that it holds ${digest("b")} instead.`);
  });

  it("before its end stops the sending, and leaves the others alone", async () => {
    const large = imageOf([Buffer.alloc(3 * MiB, "x")]);
    const { from, to, other, copyBoth } = await ground("oci", large);
    to.early = (head) => (isUpload(head) ? { status: 403 } : null);
    expect(await copyBoth()).toMatchObject([{ error: { reason: "denied", registry: "there" } }, { outcome: "copied" }]);
    expect(other.digestOf("cmamp", "dev")).toBe(large.digest);
    expect(askedBy(from, "GET").filter(({ path }) => path.endsWith(sha256(large.layers[0] ?? "")))).toHaveLength(1);
  });
});

describe("an upload that does not get through", () => {
  it.each([[{ status: 503 }], [{ status: 429 }], [{ status: 408 }], ["reset"]] as const)(
    "with %j is made anew after a wait, as long as the rest cannot be sent",
    async (reply) => {
      const { from, to, clock, events, copy } = await ground("ecr");
      to.early = first(1, isUpload, reply);
      expect(await copy()).toMatchObject([{ outcome: "copied" }]);
      expect(uploads(to).map((line) => line.split("?")[0])).toEqual([
        "POST /v2/cmamp/blobs/uploads/",
        "PUT /v2/cmamp/blobs/uploads/1",
        "POST /v2/cmamp/blobs/uploads/",
        "PUT /v2/cmamp/blobs/uploads/2",
      ]);
      expect(askedBy(from, "GET").filter(fromLayer)).toHaveLength(2);
      expect(retries(events)).toMatchObject([{ digest: layer, registry: "there" }]);
      expect(clock.waits).toHaveLength(1);
      expect(clock.waits[0]).toBeGreaterThanOrEqual(187);
      expect(clock.waits[0]).toBeLessThanOrEqual(313);
    },
  );

  it("is given up after five times, with what the registry said", async () => {
    const { to, clock, events, copy } = await ground("ecr");
    to.early = (head) => (isUpload(head) ? { status: 503, body: "full" } : null);
    const error = await failureOf(errorIn(await copy()), "unreachable");
    expect(error.message).toBe(`cannot push ${to.address}/cmamp@${layer}: there answered 503`);
    expect(error.why).toContain("It said: full");
    expect([askedBy(to, "POST").length, clock.waits.length]).toEqual([5, 4]);
    expect(retries(events)[0]).toMatchObject({ why: error.message });
  });

  it("for want of a connection is given up after five times", async () => {
    const { to, clock, copy } = await ground("ecr");
    to.early = (head) => (isUpload(head) ? "reset" : null);
    const error = await failureOf(errorIn(await copy()), "unreachable");
    expect(error.message).toBe(`there (${to.address}) does not answer`);
    expect(error.why).toBe("The connection ended with ECONNRESET.");
    expect(clock.waits).toHaveLength(4);
  });

  it("is made anew for the target concerned alone", async () => {
    const { from, to, other, copyBoth } = await ground("ecr");
    to.early = first(1, isUpload, { status: 503 });
    expect(await copyBoth()).toMatchObject([{ outcome: "copied" }, { outcome: "copied" }]);
    expect(askedBy(other, "PUT").filter(({ query }) => query.get("digest") === layer)).toHaveLength(1);
    expect(askedBy(from, "GET").filter(fromLayer)).toHaveLength(2);
  });

  it("and cannot be opened again ends with that", async () => {
    const { to, copy } = await ground("ecr");
    const opened = first(1, ({ method }) => method === "POST", {
      status: 202,
      headers: { location: "/v2/cmamp/blobs/uploads/1" },
    });
    to.early = (head) => (isUpload(head) ? "reset" : head.method === "POST" ? (opened(head) ?? { status: 403 }) : null);
    const error = await failureOf(errorIn(await copy()), "denied");
    expect(error.message).toBe(`cannot push to ${to.address}/cmamp: there answered 403`);
  });

  it("because the login ran out on the way is made anew with a new one", async () => {
    const { from, to } = await ground("ecr");
    const programs = { "docker-credential-vault": `printf '{"Username":"ada","Secret":"word"}'` };
    const env = envOf(dockerFolder({ credsStore: "vault" }, programs));
    let isOver = false;
    to.early = (asked) => {
      const isOut = asked.headers.authorization === undefined || (isUpload(asked) && !isOver);
      isOver ||= isUpload(asked);
      return isOut ? { status: 401, headers: { "www-authenticate": "Basic" } } : null;
    };
    const job = { from: repoAt(from), to: [repoAt(to, { kind: "ecr" })], digest: image.digest, tag: "dev" };
    expect(await clientOf({ env }).copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect(askedBy(to, "PUT").filter(isUpload)).toHaveLength(2);
  });

  it("for want of a login that the registry takes is denied", async () => {
    const { to, clock, copy } = await ground("ecr");
    to.early = (asked) => (isUpload(asked) ? { status: 401 } : null);
    const error = await failureOf(errorIn(await copy()), "denied");
    expect(error.message).toBe(`cannot push ${to.address}/cmamp@${layer}: there answered 401`);
    expect(clock.waits).toEqual([]);
  });

  it("because the registry says nothing is made anew", async () => {
    const { to, clock, copy } = await ground("ecr");
    to.early = silent(isUpload, clock);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect([askedBy(to, "PUT").filter(isUpload).length, clock.waits.length]).toEqual([2, 1]);
  });
});

describe("an upload that broke off", () => {
  /** A target that breaks the first upload of a layer of `size` bytes after `held`, and keeps those. */
  async function broken(kind: RegistryKind, size: number, held: number) {
    const own = imageOf([Buffer.alloc(size, "0123456789")]);
    const at = await ground(kind, own);
    let left = 1;
    at.to.breaks = (head) => (isUpload(head) && left-- > 0 ? held : null);
    const sent = () =>
      at.to.asked
        .filter(({ method, path }) => path.includes("/uploads/") && method !== "POST")
        .map(({ method, headers, body }) => [method, headers["content-range"] ?? null, body.length]);
    return { ...at, own, name: sha256(own.layers[0] ?? ""), sent };
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
    expect(to.blobs.get(name)).toEqual(own.layers[0]);
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
    expect(to.blobs.get(name)?.equals(own.layers[0] ?? Buffer.alloc(0))).toBe(true);
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
    const seen = uploads(to).slice(-2);
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
  const large = imageOf([Buffer.alloc(300_000, "0123456789")]);
  const [content = Buffer.alloc(0)] = large.layers;
  const name = sha256(content);
  const reads = (server: OciServer) => askedBy(server, "GET").filter(({ path }) => path.endsWith(name));
  /** A source whose layer is first answered so, so often. */
  async function source(reply: Reply, count = 1) {
    const at = await ground("oci", large);
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
    const { from, clock, events, copyBoth } = await source(whole(content, { cut: 100_000 }), 5);
    const error = { registry: "mine", reason: "unreachable", message: `mine (${from.address}) does not answer` };
    expect(await copyBoth()).toMatchObject([{ error }, { error }]);
    expect([reads(from).length, clock.waits.length]).toEqual([5, 4]);
    expect(retries(events)[0]).toMatchObject({ why: error.message });
  });

  it.each([
    ["other bytes", Buffer.alloc(300_000, "x"), /^The bytes that came are sha256:[0-9a-f]{64}\.$/],
    ["a byte too many", Buffer.alloc(300_001, "x"), /^More than its 300000 bytes came\.$/],
  ])("with %s is found out, and no target gets them whole", async (_what, body, why) => {
    const { from, to, copyBoth } = await source(whole(body));
    const [first_, second] = await copyBoth();
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
    const { from, clock, copyTo } = await source(whole(content, { cut: 1000, stalls: true }), count);
    const isStalled = (event: CopyEvent) => event.event === "bytes" && reads(from).length <= count;
    expect(await copyTo(1, (event) => isStalled(event) && clock.runOut())).toMatchObject([result]);
    expect([reads(from).length, clock.waits.length]).toEqual([Math.min(count + 1, 5), Math.min(count, 4)]);
  });

  it("and does not begin is not waited for", async () => {
    const { from, clock, copyBoth } = await ground("oci", large);
    from.early = silent(({ path }) => path.endsWith(name), clock);
    const error = { registry: "mine", message: `mine (${from.address}) does not answer` };
    expect(await copyBoth()).toMatchObject([{ error }, { error }]);
    expect(reads(from)).toHaveLength(1);
  });
});
