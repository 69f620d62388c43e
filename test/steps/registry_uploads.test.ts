import { describe, expect, it } from "vitest";
import { digest } from "../unit/factory.ts";
import { type Asked, type OciServer, sha256 } from "./oci_server.ts";
import { blob, copyGround, errorIn, first, image, isUpload, retries, silent } from "./registry_copy_ground.ts";
import { askedBy, blobImage, clientOf, dockerFolder, envOf, failureOf, lines, repoAt } from "./registry_ground.ts";

const name = sha256(blob);
const MiB = 1024 * 1024;
const uploads = (server: OciServer) => lines(server).filter((line) => line.includes("/uploads/"));
const ofBlob = ({ path }: Pick<Asked, "path">) => path.endsWith(name);

describe("an upload that is refused", () => {
  it.each([
    [400, "refused"],
    [403, "denied"],
    [413, "refused"],
  ] as const)("with %i ends as %s in the registry's words, at the first time", async (status, reason) => {
    const { to, clock, copy } = await copyGround();
    to.reply = (asked) => (isUpload(asked) ? { status, body: "not this one" } : null);
    const error = await failureOf(errorIn(await copy()), reason);
    expect(error.message).toBe(`cannot push ${to.address}/cmamp@${name}: there answered ${status}`);
    expect(error.why).toContain("It said: not this one");
    expect([askedBy(to, "POST").length, clock.waits]).toEqual([1, []]);
  });

  it.each([201, 202, 204])("is none when it ends with %i", async (status) => {
    const { to, copy } = await copyGround();
    to.reply = (asked) => (isUpload(asked) ? { status } : null);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
  });

  it("by the digest that the registry names is found out", async () => {
    const { to, copy } = await copyGround();
    to.reply = (asked) => (isUpload(asked) ? { status: 201, headers: { "docker-content-digest": digest("b") } } : null);
    const error = await failureOf(errorIn(await copy()), "broken");
    expect(error.message).toBe(`there gave something false for ${to.address}/cmamp@${name}`);
    expect(error.why).toBe(`It says that it holds ${digest("b")} instead.`);
  });

  it("before its end stops the sending, and leaves the others alone", async () => {
    const large = blobImage(Buffer.alloc(3 * MiB, "x"));
    const { from, to, other, copy } = await copyGround({ images: [large], targets: 2 });
    to.early = (head) => (isUpload(head) ? { status: 403 } : null);
    expect(await copy()).toMatchObject([{ error: { reason: "denied", registry: "there" } }, { outcome: "copied" }]);
    expect(other.digestOf("cmamp", "dev")).toBe(large.digest);
    expect(askedBy(from, "GET").filter(({ path }) => path.includes("/blobs/"))).toHaveLength(1);
  });

  it("by all targets ends the reading", async () => {
    const { to, events, copy } = await copyGround({ images: [blobImage(Buffer.alloc(4 * MiB, "x"))] });
    to.early = (head) => (isUpload(head) ? { status: 403 } : null);
    expect(await copy()).toMatchObject([{ error: { reason: "denied" } }]);
    const read = events.reduce((sum, event) => sum + (event.event === "bytes" ? event.bytes : 0), 0);
    expect(read).toBeLessThan(4 * MiB);
  });
});

describe("an upload that does not get through", () => {
  it.each([[{ status: 503 }], [{ status: 429 }], [{ status: 408 }], ["reset"]] as const)(
    "with %j is made anew after a wait, as long as the rest cannot be sent",
    async (reply) => {
      const { from, to, clock, events, copy } = await copyGround({ kind: "ecr" });
      to.early = first(1, isUpload, reply);
      expect(await copy()).toMatchObject([{ outcome: "copied" }]);
      expect(uploads(to).map((line) => line.split("?")[0])).toEqual([
        "POST /v2/cmamp/blobs/uploads/",
        "PUT /v2/cmamp/blobs/uploads/1",
        "POST /v2/cmamp/blobs/uploads/",
        "PUT /v2/cmamp/blobs/uploads/2",
      ]);
      expect(askedBy(from, "GET").filter(ofBlob)).toHaveLength(2);
      expect(retries(events)).toMatchObject([{ digest: name, registry: "there" }]);
      expect(clock.waits).toHaveLength(1);
      expect(clock.waits[0]).toBeGreaterThanOrEqual(187);
      expect(clock.waits[0]).toBeLessThanOrEqual(313);
    },
  );

  it("is given up after five times, with what the registry said", async () => {
    const { to, clock, events, copy } = await copyGround({ kind: "ecr" });
    to.early = (head) => (isUpload(head) ? { status: 503, body: "full" } : null);
    const error = await failureOf(errorIn(await copy()), "unreachable");
    expect(error.message).toBe(`cannot push ${to.address}/cmamp@${name}: there answered 503`);
    expect(error.why).toContain("It said: full");
    expect([askedBy(to, "POST").length, clock.waits.length]).toEqual([5, 4]);
    expect(retries(events)[0]).toMatchObject({ why: error.message });
  });

  it("for want of a connection is given up after five times", async () => {
    const { to, clock, copy } = await copyGround({ kind: "ecr" });
    to.early = (head) => (isUpload(head) ? "reset" : null);
    const error = await failureOf(errorIn(await copy()), "unreachable");
    expect(error.message).toBe(`there (${to.address}) does not answer`);
    expect(error.why).toBe("The connection ended with ECONNRESET.");
    expect(clock.waits).toHaveLength(4);
  });

  it("is made anew for the target concerned alone", async () => {
    const { from, to, other, copy } = await copyGround({ kind: "ecr", targets: 2 });
    to.early = first(1, isUpload, { status: 503 });
    expect(await copy()).toMatchObject([{ outcome: "copied" }, { outcome: "copied" }]);
    expect(askedBy(other, "PUT").filter(({ query }) => query.get("digest") === name)).toHaveLength(1);
    expect(askedBy(from, "GET").filter(ofBlob)).toHaveLength(2);
  });

  it("and cannot be opened again ends with that", async () => {
    const { to, copy } = await copyGround({ kind: "ecr" });
    const opened = first(1, ({ method }) => method === "POST", {
      status: 202,
      headers: { location: "/v2/cmamp/blobs/uploads/1" },
    });
    to.early = (head) => (isUpload(head) ? "reset" : head.method === "POST" ? (opened(head) ?? { status: 403 }) : null);
    const error = await failureOf(errorIn(await copy()), "denied");
    expect(error.message).toBe(`cannot push to ${to.address}/cmamp: there answered 403`);
  });

  it("because the login ran out on the way is made anew with a new one", async () => {
    const { from, to } = await copyGround({ kind: "ecr" });
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
    const { to, clock, copy } = await copyGround({ kind: "ecr" });
    to.early = (asked) => (isUpload(asked) ? { status: 401 } : null);
    const error = await failureOf(errorIn(await copy()), "denied");
    expect(error.message).toBe(`cannot push ${to.address}/cmamp@${name}: there answered 401`);
    expect(clock.waits).toEqual([]);
  });

  it("because the registry says nothing is made anew", async () => {
    const { to, clock, copy } = await copyGround({ kind: "ecr" });
    to.early = silent(isUpload, clock);
    expect(await copy()).toMatchObject([{ outcome: "copied" }]);
    expect([askedBy(to, "PUT").filter(isUpload).length, clock.waits.length]).toEqual([2, 1]);
  });
});
