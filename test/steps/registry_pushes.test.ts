import { describe, expect, it, vi } from "vitest";
import type { Repository } from "../../lib/oci/registry.ts";
import { digest } from "../unit/factory.ts";
import type { OciServer, Reply } from "./oci_server.ts";
import {
  askedBy,
  clientOf,
  clockAt,
  failureOf,
  imageOf,
  imageType,
  lines,
  repoAt,
  startRegistry,
} from "./registry_ground.ts";

const image = imageOf(["one layer"]);
/** A registry that answers so, and its repository. */
async function ground(reply: OciServer["reply"] = () => null) {
  const server = await startRegistry();
  server.reply = reply;
  return { server, repo: repoAt(server), client: clientOf() };
}

describe("a manifest that is put", () => {
  const { digest: own, bytes, mediaType } = image;
  const manifest = { digest: own, bytes, mediaType, size: bytes.length };
  const put = (reply: OciServer["reply"] = () => null) =>
    ground(reply).then(({ server, repo }) => {
      const clock = clockAt();
      return {
        server,
        repo,
        clock,
        putting: (ifMatch?: string) => clientOf({ clock }).putManifest(repo, "stable", more(ifMatch)),
      };
    });
  const more = (ifMatch?: string) => ({ manifest, ...(ifMatch === undefined ? {} : { ifMatch }) });
  const onPut =
    (reply: Reply): OciServer["reply"] =>
    ({ method }) =>
      method === "PUT" ? reply : null;

  it("is one PUT of its bytes under its type", async () => {
    const { server, putting } = await put();
    await putting();
    expect(lines(server)).toEqual(["PUT /v2/cmamp/manifests/stable"]);
    expect(server.asked[0]).toMatchObject({ body: bytes, headers: { "content-type": imageType } });
    expect(server.asked[0]?.headers).not.toHaveProperty("if-match");
    expect(server.digestOf("cmamp", "stable")).toBe(own);
  });

  it("names the digest that was seen before, for registries that honour it", async () => {
    const { server, putting } = await put();
    await putting(digest("b"));
    expect(server.asked[0]?.headers["if-match"]).toBe(`"${digest("b")}"`);
  });

  it.each([200, 201, 202])("is there when the registry answers %i with its digest", async (status) => {
    const { server, putting } = await put(onPut({ status, headers: { "docker-content-digest": own } }));
    await putting();
    expect(server.asked).toHaveLength(1);
  });

  it("is read back where the registry names no digest, a 404 being lag", async () => {
    const lag = [404, 404];
    const { server, clock, putting } = await put((asked) => {
      if (asked.method === "PUT") return { status: 201 };
      const status = lag.shift();
      return status ? { status } : { status: 200, headers: { "docker-content-digest": own } };
    });
    await putting();
    expect(server.asked.map(({ method }) => method)).toEqual(["PUT", "HEAD", "HEAD", "HEAD"]);
    expect(clock.waits).toHaveLength(2);
  });

  it.each([
    ["another digest", onPut({ status: 201, headers: { "docker-content-digest": digest("b") } }), digest("b")],
    ["nothing", onPut({ status: 201 }), "nothing"],
  ])("is refused where the registry holds %s", async (_what, reply, held) => {
    const { repo, putting } = await put(reply);
    const error = await failureOf(putting(), "broken");
    expect(error.message).toBe(`mine gave something false for ${repo.reference}:stable`);
    expect(error.why).toBe(`${own} was sent, and mine holds ${held}.`);
  });

  it.each([204, 307, 400, 412])("fails when the registry answers %i", async (status) => {
    const { server, repo, putting } = await put(onPut({ status, headers: { location: "/elsewhere" } }));
    const error = await failureOf(putting(), "refused");
    expect(error.message).toBe(`cannot push ${repo.reference}:stable: mine answered ${status}`);
    expect(server.asked).toHaveLength(1);
  });
});

describe("the right to push", () => {
  const may = async (reply: OciServer["reply"]) => {
    const { server, repo, client } = await ground(reply);
    return { server, repo, asking: () => client.assertCanPush(repo) };
  };
  const onPost =
    (reply: Reply): OciServer["reply"] =>
    ({ method }) =>
      method === "POST" ? reply : null;

  it("is shown by an upload that is opened and cancelled", async () => {
    const { server, asking } = await may(() => null);
    await asking();
    await vi.waitUntil(() => server.asked.length === 2);
    expect(lines(server)).toEqual(["POST /v2/cmamp/blobs/uploads/", "DELETE /v2/cmamp/blobs/uploads/1"]);
  });

  it("is not waited for where cancelling hangs", async () => {
    const { server, asking } = await may(({ method }) => (method === "DELETE" ? "hang" : null));
    await asking();
    await vi.waitUntil(() => askedBy(server, "DELETE").length === 1);
  });

  it.each([[{ status: 405 }], [{ status: 503 }], ["reset"]] as const)(
    "is there where cancelling ends in %j, which is tried once",
    async (reply) => {
      const { server, asking } = await may(({ method }) => (method === "DELETE" ? reply : null));
      await asking();
      await vi.waitUntil(() => askedBy(server, "DELETE").length > 0);
      expect(askedBy(server, "DELETE")).toHaveLength(1);
    },
  );

  it("is not there where no upload is opened", async () => {
    const { server, repo, asking } = await may(onPost({ status: 403, body: "read only" }));
    const error = await failureOf(asking(), "denied");
    expect(error.message).toBe(`cannot push to ${repo.reference}: mine answered 403`);
    expect(error.why).toContain("It said: read only");
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ["no Location", {}],
    ["a Location that is none", { location: "http://[" }],
  ])("is refused where an upload has %s", async (_what, headers) => {
    const { repo, asking } = await may(onPost({ status: 202, headers }));
    const error = await failureOf(asking(), "refused");
    expect(error.message).toBe(`cannot push to ${repo.reference}: mine opened no upload`);
    expect(error.why).toContain("has no Location to go on at");
    expect(error.fix).toBe("Change what mine forbids, then run the same command again.");
  });

  it("is not shown by another success", async () => {
    const { asking } = await may(onPost({ status: 201, headers: { location: "/v2/x" } }));
    await failureOf(asking(), "refused");
  });

  it.each(["read", "write"])("is asked of one repository to %s", async (what) => {
    const { server } = await ground();
    const own: Repository = { ...repoAt(server), path: `acme/${what}` };
    await clientOf().assertCanPush(own);
    expect(askedBy(server, "POST").map(({ path }) => path)).toEqual([`/v2/acme/${what}/blobs/uploads/`]);
  });
});
