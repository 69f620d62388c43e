import { describe, expect, it } from "vitest";
import { digest } from "../unit/factory.ts";
import { type OciServer, type Reply, sha256 } from "./oci_server.ts";
import {
  blobImage,
  clientOf,
  failureOf,
  hold,
  imageOf,
  imageType,
  indexOf,
  indexType,
  lines,
  repoAt,
  startRegistry,
} from "./registry_ground.ts";

const image = imageOf(["one layer"], { os: "linux", config: { Labels: { name: "one" } } });
const fixOfBroken =
  "Do not use this image; look for a proxy that changes what mine sends, then run the same command again.";

/** A registry whose tag `dev` is the image, its repository, and a client. */
async function ground(reply: OciServer["reply"] = () => null) {
  const server = await startRegistry();
  hold(server, image);
  server.manifests.set("cmamp:dev", { bytes: image.bytes, mediaType: imageType });
  server.reply = reply;
  return { server, repo: repoAt(server), client: clientOf() };
}
const answered = (reply: Reply) => ground(() => reply);

describe("what a tag or digest names", () => {
  it.each(["dev", image.digest])("is asked by one HEAD that takes every type of manifest: %s", async (reference) => {
    const { server, repo, client } = await ground();
    const found = await client.head(repo, reference);
    expect(found).toEqual({ digest: image.digest, mediaType: imageType, size: image.bytes.length });
    expect(lines(server)).toEqual([`HEAD /v2/cmamp/manifests/${reference}`]);
    expect(server.asked[0]?.headers).toMatchObject({
      "user-agent": "slipway",
      "accept-encoding": "identity",
      accept:
        "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json",
    });
    expect(server.asked[0]?.headers).not.toHaveProperty("authorization");
  });

  it.each(["dev", image.digest])("is read with its bytes untouched: %s", async (reference) => {
    const { server, repo, client } = await ground();
    const { bytes, ...found } = (await client.manifest(repo, reference)) ?? {};
    expect(found).toEqual({ digest: image.digest, mediaType: imageType, size: image.bytes.length });
    expect(Buffer.from(bytes ?? [])).toEqual(image.bytes);
    expect(lines(server)).toEqual([`GET /v2/cmamp/manifests/${reference}`]);
  });

  it("is nothing where nobody pushed it", async () => {
    const { server, repo, client } = await ground();
    expect([await client.head(repo, "prod"), await client.manifest(repo, digest("b"))]).toEqual([null, null]);
    expect(server.asked).toHaveLength(2);
  });

  it("has a type without parameters, none where the registry names none", async () => {
    const headers = { "content-type": `${indexType} ; charset=utf-8`, "docker-content-digest": digest("a") };
    const typed = await answered({ status: 200, headers });
    expect(await typed.client.head(typed.repo, "dev")).toEqual({ digest: digest("a"), mediaType: indexType, size: 0 });
    const untyped = await answered({ status: 200, headers: { "docker-content-digest": digest("a") } });
    expect(await untyped.client.head(untyped.repo, "dev")).toMatchObject({ mediaType: "" });
  });

  it("is read whole where HEAD names no digest", async () => {
    const { server, repo, client } = await ground(({ method }) => (method === "HEAD" ? { status: 200 } : null));
    expect(await client.head(repo, "dev")).toMatchObject({ digest: image.digest, size: image.bytes.length });
    expect(lines(server)).toEqual(["HEAD /v2/cmamp/manifests/dev", "GET /v2/cmamp/manifests/dev"]);
  });

  it("is asked anew for a tag, once for a digest of one repository", async () => {
    const { server, repo, client } = await ground();
    for (const reference of ["dev", image.digest, "dev", image.digest]) await client.manifest(repo, reference);
    expect(lines(server)).toEqual(["GET /v2/cmamp/manifests/dev", "GET /v2/cmamp/manifests/dev"]);
    expect(await client.manifest({ ...repo, path: "other" }, image.digest)).toBeNull();
  });
});

describe("a registry that says something false", () => {
  const isFalse = async (running: Promise<unknown>, name: string, why: string) => {
    const { message, why: said, fix } = await failureOf(running, "broken");
    expect([message, said, fix]).toEqual([`mine gave something false for ${name}`, why, fixOfBroken]);
  };

  it.each([
    ["no digest", "dev", "sha256:12", ":dev"],
    ["a digest of another algorithm", "dev", `sha512:${"a".repeat(64)}`, ":dev"],
    ["another digest", digest("a"), digest("b"), `@${digest("a")}`],
  ])("is found out when HEAD names %s", async (_what, reference, said, name) => {
    const { repo, client } = await answered({ status: 200, headers: { "docker-content-digest": said } });
    await isFalse(client.head(repo, reference), `${repo.reference}${name}`, `Its Docker-Content-Digest is "${said}".`);
  });

  it.each([
    ["digest", digest("a"), `@${digest("a")}`],
    ["tag", "dev", ":dev"],
  ])("is found out by the bytes of a manifest asked for by %s", async (_by, reference, name) => {
    const headers = { "docker-content-digest": digest("a") };
    const { repo, client } = await answered({ status: 200, headers, body: "{}" });
    const why = `The manifest should be ${digest("a")}, and its bytes are ${sha256("{}")}.`;
    await isFalse(client.manifest(repo, reference), `${repo.reference}${name}`, why);
  });

  it("is believed in the digest that was asked for, whatever it names itself", async () => {
    const headers = { "docker-content-digest": digest("f") };
    const { repo, client } = await answered({ status: 200, headers, body: image.bytes });
    expect(await client.manifest(repo, image.digest)).toMatchObject({ digest: image.digest });
  });

  it("may leave the digest of a tag out", async () => {
    const { repo, client } = await answered({ status: 200, body: "{}" });
    expect(await client.manifest(repo, "dev")).toMatchObject({ digest: sha256("{}"), size: 2 });
  });

  it("is read up to 16 MiB and no further", async () => {
    const { repo, client } = await answered({ status: 200, body: Buffer.alloc(16 * 1024 * 1024 + 1) });
    const { why } = await failureOf(client.manifest(repo, "dev"), "unreachable");
    expect(why).toBe("The connection ended with the answer is larger than 16777216 bytes.");
  });
});

describe("a refused question", () => {
  const words = JSON.stringify({ errors: [{ code: "NO", message: "not\ntoday" }] });
  it.each([
    [400, "refused", "The registry refused it.", "Change what mine forbids, then run the same command again."],
    [
      403,
      "denied",
      "The registry needs a login that is allowed to do this.",
      "i docker_login --target-registries mine",
    ],
    [501, "unreachable", "The registry answers but is failing.", /^Run the same command again once it answers/],
    [429, "throttled", "The registry accepts no more requests for now.", /i docker_login --target-registries mine$/],
  ] as const)("of status %i is %s", async (status, reason, why, fix) => {
    const headers = { "retry-after": "99" };
    const silent = await answered({ status, headers });
    const error = await failureOf(silent.client.manifest(silent.repo, "dev"), reason);
    expect(error.message).toBe(`cannot read ${silent.repo.reference}:dev: mine answered ${status}`);
    expect(error).toMatchObject({ registry: "mine", why, fix: expect.stringMatching(fix) });
    const spoken = await answered({ status, headers, body: words });
    const said = await failureOf(spoken.client.manifest(spoken.repo, "dev"), reason);
    expect(said.why).toBe(`${why} It said: NO: not today`);
  });

  it("of a blob that is not there says so", async () => {
    const { server, repo, client } = await ground();
    server.blobs.clear();
    const error = await failureOf(client.configOf(repo, image.digest), "not_found");
    expect(error.message).toBe(`cannot read ${repo.reference}@${sha256(image.config)}: mine answered 404`);
    expect(error.why).toBe("The registry has no such repository, tag or blob. It said: BLOB_UNKNOWN: blob unknown");
    expect(error.fix).toBe("Create the repository in mine, or correct its address in repo_config.yaml.");
  });
});

describe("the config of an image", () => {
  const named = (name: string) => imageOf([], { name });
  const many = indexOf([
    ["unknown/unknown", named("attestation")],
    ["linux/amd64", named("amd64")],
    ["linux/arm64/v8", named("arm64")],
    ["linux/arm/v7", named("arm")],
  ]);
  const held = async (...images: Parameters<typeof hold>[1][]) => {
    const at = await ground();
    hold(at.server, ...images);
    return at;
  };
  const all = [many, named("attestation"), named("amd64"), named("arm64"), named("arm")];

  it("is its JSON", async () => {
    const { server, repo, client } = await ground();
    expect(await client.configOf(repo, image.digest)).toEqual({ os: "linux", config: { Labels: { name: "one" } } });
    expect(lines(server)).toEqual([
      `GET /v2/cmamp/manifests/${image.digest}`,
      `GET /v2/cmamp/blobs/${sha256(image.config)}`,
    ]);
  });

  it.each([
    [undefined, "amd64"],
    ["linux/amd64", "amd64"],
    ["linux/arm64", "arm64"],
    ["linux/arm64/v8", "arm64"],
    ["linux/arm", "arm"],
    ["unknown/unknown", "attestation"],
  ])("is in an index that of the child for platform %s: %s", async (platform, name) => {
    const { repo, client } = await held(...all);
    expect(await client.configOf(repo, many.digest, platform)).toEqual({ name });
  });

  it.each([
    ["linux/s390x", `linux/s390x in ${many.digest}`, many],
    ["linux/arm64/v", `linux/arm64/v in ${many.digest}`, many],
    [undefined, "an image in ", indexOf([["unknown/unknown", named("attestation")]])],
  ])("is not found in an index without platform %s", async (platform, words, index) => {
    const { repo, client } = await held(index);
    const error = await failureOf(client.configOf(repo, index.digest, platform), "not_found");
    expect(error.message).toMatch(/^mine has no /);
    expect(error.message).toContain(words);
  });

  it("is not found without its manifest", async () => {
    const { repo, client } = await ground();
    const { message, why, fix } = await failureOf(client.configOf(repo, digest("a")), "not_found");
    expect(message).toBe(`mine has no ${repo.reference}@${digest("a")}`);
    expect(why).toBe("It was asked for this manifest and answered 404.");
    expect(fix).toBe("i release_status shows what each registry holds.");
  });

  it("is refused where its bytes are others", async () => {
    const { server, repo, client } = await ground();
    server.blobs.set(sha256(image.config), Buffer.from("{}"));
    const error = await failureOf(client.configOf(repo, image.digest), "broken");
    expect(error.message).toBe(`mine gave something false for ${repo.reference}@${sha256(image.config)}`);
    expect(error.why).toBe(`The bytes of the config are ${sha256("{}")}.`);
  });

  it.each([
    ["a config", blobImage("{"), "The config is no JSON."],
    ["a manifest", { ...image, bytes: Buffer.from("{}"), digest: sha256("{}") }, /^It is no manifest: it is neither/],
  ])("is refused where %s makes no sense", async (_what, broken, why) => {
    const { repo, client } = await held(broken);
    expect((await failureOf(client.configOf(repo, broken.digest), "broken")).why).toMatch(why);
  });
});

describe("the tags of a repository", () => {
  const pageAfter = (link: string | null, tags: unknown = ["b"]) =>
    ground(({ query }) => {
      if (query.has("last")) return { status: 200, body: JSON.stringify({ tags: ["z"] }) };
      return { status: 200, headers: link === null ? {} : { link }, body: JSON.stringify({ tags }) };
    });

  it("are listed a thousand at a time", async () => {
    const { server, repo, client } = await ground();
    expect(await client.tags(repo)).toEqual(["dev"]);
    expect(lines(server)).toEqual(["GET /v2/cmamp/tags/list?n=1000"]);
    expect(server.asked[0]?.headers.accept).toBe("application/json");
  });

  it.each([
    ['</v2/cmamp/tags/list?n=1000&last=b>; rel="next"'],
    ["<?n=1000&last=b>;rel=next"],
    ['<?n=1000&last=b> ; title="more"; rel="next"'],
    ['</v2/cmamp/tags/list?last=0>; rel="prev", </v2/cmamp/tags/list?n=1000&last=b>; rel="next"'],
    ['<https://elsewhere.example/v2/other/tags/list?n=1000&last=b>; rel="next"'],
  ])("go on behind the link %s, in the registry itself", async (link) => {
    const { server, repo, client } = await pageAfter(link);
    expect(await client.tags(repo)).toEqual(["b", "z"]);
    expect(lines(server)).toEqual(["GET /v2/cmamp/tags/list?n=1000", "GET /v2/cmamp/tags/list?n=1000&last=b"]);
  });

  it.each([
    [null],
    ['</v2/cmamp/tags/list?n=1000&last=b>; rel="prev"'],
    ['<http://[>; rel="next"'],
    ['</v2/cmamp/tags/list?n=1000>; rel="next"'],
  ])("end at the link %s", async (link) => {
    const { server, repo, client } = await pageAfter(link);
    expect(await client.tags(repo)).toEqual(["b"]);
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    [{ status: 404 }],
    [{ status: 200, body: '{"tags":null}' }],
    [{ status: 200, body: "{}" }],
    [{ status: 200, body: "null" }],
    [{ status: 200, body: '"tags"' }],
    [{ status: 200, body: '{"tags":[1,null]}' }],
  ])("are none where the registry answers %j", async (reply) => {
    const { repo, client } = await answered(reply);
    expect(await client.tags(repo)).toEqual([]);
  });

  it("are refused where they are no JSON, or may not be read", async () => {
    const broken = await answered({ status: 200, body: "<html>" });
    const error = await failureOf(broken.client.tags(broken.repo), "broken");
    expect(error.message).toBe(`mine gave something false for ${broken.repo.reference}:tags`);
    expect(error.why).toBe("The list of tags is no JSON.");
    const denied = await answered({ status: 403 });
    const { message } = await failureOf(denied.client.tags(denied.repo), "denied");
    expect(message).toBe(`cannot list the tags of ${denied.repo.reference}: mine answered 403`);
  });
});
