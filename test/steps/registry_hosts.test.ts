import { describe, expect, it, vi } from "vitest";
import { repositoryOf } from "../../lib/names/address.ts";
import { locationOf } from "../../lib/oci/blobs.ts";
import type { Sending } from "../../lib/oci/connection.ts";
import { perform, refusal as refusalOfAnswer } from "../../lib/oci/perform.ts";
import type { Repository } from "../../lib/oci/registry.ts";
import { newSession } from "../../lib/oci/session.ts";
import { refusal } from "../unit/factory.ts";
import { sha256 } from "./oci_server.ts";
import {
  basic,
  brought,
  clientOf,
  clockAt,
  dockerFolder,
  envOf,
  failureOf,
  hold,
  imageOf,
  lines,
  lock,
  repoAt,
  startRegistry,
} from "./registry_ground.ts";

const image = imageOf(["a layer"]);
const right = basic("ada", "s3cret");

/** A registry that wants a login, another host, and a client that knows the login. */
async function ground() {
  const [server, other] = [await startRegistry(), await startRegistry()];
  hold(server, image);
  hold(other, image);
  lock(server, [right]);
  const env = envOf(dockerFolder({ auths: { [server.address]: { username: "ada", password: "s3cret" } } }));
  return { server, other, repo: repoAt(server), client: clientOf({ env }), locked: server.reply };
}

describe("a registry that sends on", () => {
  it.each([301, 302, 303, 307, 308])("with %i is followed, and its login stays behind", async (status) => {
    const { server, other, repo, client, locked } = await ground();
    const location = `http://${other.address}/v2/cmamp/manifests/${image.digest}`;
    server.reply = (asked) => locked(asked) ?? { status, headers: { location } };
    expect(await client.head(repo, image.digest)).toMatchObject({ digest: image.digest });
    expect(await client.manifest(repo, image.digest)).toMatchObject({ digest: image.digest });
    expect(other.asked.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
    expect(brought(other)).toEqual([null, null]);
  });

  it("to a place of its own gets its login there", async () => {
    const { server, repo, client, locked } = await ground();
    server.reply = (asked) =>
      locked(asked) ??
      (asked.query.has("there") ? null : { status: 307, headers: { location: `${asked.path}?there` } });
    expect(await client.head(repo, image.digest)).toMatchObject({ digest: image.digest });
    expect(brought(server)).toEqual([null, right, right]);
  });

  it("for a layer is followed, and its login stays behind", async () => {
    const { server, other, repo, client, locked } = await ground();
    const target = await startRegistry();
    server.reply = (asked) =>
      locked(asked) ??
      (asked.path.includes("/blobs/")
        ? { status: 307, headers: { location: `http://${other.address}${asked.path}` } }
        : null);
    const job = { from: repo, to: [repoAt(target)], digest: image.digest };
    expect(await client.copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect(brought(other)).toEqual([null, null]);
    expect(target.blobs.has(sha256("a layer"))).toBe(true);
  });

  it.each([
    ["without saying where", 302, {}],
    ["with another status", 304, { location: "/elsewhere" }],
  ])("%s is not followed", async (_how, status, headers) => {
    const { server, repo, client } = await ground();
    server.reply = () => ({ status, headers });
    const error = await failureOf(client.head(repo, "dev"), "refused");
    expect(error.message).toContain(`mine answered ${status}`);
    expect(server.asked).toHaveLength(1);
  });

  it("in a circle is followed five times", async () => {
    const { server, repo, client } = await ground();
    server.reply = ({ path }) => ({ status: 302, headers: { location: path } });
    await failureOf(client.head(repo, "dev"), "refused");
    expect(server.asked).toHaveLength(6);
  });

  it("to no address is not reached", async () => {
    const { server, repo, client } = await ground();
    server.reply = () => ({ status: 302, headers: { location: "http://[" } });
    expect((await failureOf(client.head(repo, "dev"), "unreachable")).why).toContain("ERR_INVALID_URL");
  });

  it("to https is spoken to in https, a layer as well", async () => {
    const { server, other, repo, client, locked } = await ground();
    const target = await startRegistry();
    const location = `https://${other.address}/`;
    server.reply = (asked) =>
      locked(asked) ?? (asked.path.includes("/blobs/") ? { status: 307, headers: { location } } : null);
    const job = { from: repo, to: [repoAt(target)], digest: image.digest };
    expect(await client.copy(job)).toMatchObject([
      {
        error: {
          reason: "unreachable",
          message: expect.stringMatching(/^127\S+ speaks plain http, and https was asked for$/),
        },
      },
    ]);
    expect(other.asked).toEqual([]);
  });
});

describe("a registry with an address of IPv6", () => {
  it("is asked, logged in to and copied to as any other", async () => {
    const [server, from] = [await startRegistry("::1"), await startRegistry()];
    lock(server, [right]);
    hold(from, image);
    const env = envOf(dockerFolder({ auths: { [server.address]: { username: "ada", password: "s3cret" } } }));
    const repo = repoAt({ address: `${server.address}/a/b` });
    const job = { from: repoAt(from), to: [repo], digest: image.digest, tag: "dev" };
    expect(await clientOf({ env }).copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect(repo.reference).toBe(`${server.address}/a/b/cmamp`);
    expect(server.digestOf("a/b/cmamp", "dev")).toBe(image.digest);
    expect(brought(server).filter((login) => login !== right)).toEqual([null]);
  });
});

describe("an upload", () => {
  it.each([
    ["in the place that the registry names", (address: string) => `http://${address}/v2/elsewhere/7?state=a`],
    ["in a place that it names by its path", () => "/v2/elsewhere/7?state=a"],
  ])("goes on %s", async (_where, locate) => {
    const { server, repo, client, locked } = await ground();
    server.reply = (asked) =>
      locked(asked) ??
      (asked.method === "POST" ? { status: 202, headers: { location: locate(server.address) } } : null);
    await client.assertCanPush(repo);
    await vi.waitUntil(() => server.asked.length === 3);
    expect(lines(server).slice(1)).toEqual(["POST /v2/cmamp/blobs/uploads/", "DELETE /v2/elsewhere/7?state=a"]);
    expect(brought(server)).toEqual([null, right, right]);
  });

  it("that goes on at another host leaves the login behind", async () => {
    const { server, other, client, locked } = await ground();
    const from = await startRegistry();
    hold(from, image);
    server.manifests.clear();
    server.blobs.clear();
    server.reply = (asked) =>
      locked(asked) ??
      (asked.method === "POST"
        ? { status: 202, headers: { location: `http://${other.address}/put?of=${server.asked.length}` } }
        : null);
    other.reply = () => ({ status: 201 });
    const job = { from: repoAt(from), to: [repoAt(server)], digest: image.digest };
    expect(await client.copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect(other.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(["PUT /put", "PUT /put"]);
    expect(brought(other)).toEqual([null, null]);
  });

  const secure = repositoryOf({ name: "mine", kind: "oci", required: true, address: "ghcr.io/acme" }, "cmamp");
  const plain = repositoryOf({ name: "mine", kind: "oci", required: true, address: "127.0.0.1:5000" }, "cmamp");
  const base = (repo: Repository) => new URL(`${repo.scheme}://${repo.host}/v2/cmamp/blobs/uploads/`);
  it.each([
    ["https", "/v2/up/1", "https://ghcr.io/v2/up/1"],
    ["https", "1?a=b", "https://ghcr.io/v2/cmamp/blobs/uploads/1?a=b"],
    ["https", "https://store.example/1", "https://store.example/1"],
    ["https", "http://ghcr.io/v2/up/1?a=b", "https://ghcr.io/v2/up/1?a=b"],
    ["https", "http://ghcr.io:80/v2/up/1", "https://ghcr.io/v2/up/1"],
    ["http", "/v2/up/1", "http://127.0.0.1:5000/v2/up/1"],
    ["http", "http://127.0.0.1:5001/1", "http://127.0.0.1:5001/1"],
    ["http", "https://store.example/1", "https://store.example/1"],
  ] as const)("to a registry reached by %s and sent to %s goes on at %s", (scheme, location, expected) => {
    const repo = scheme === "https" ? secure : plain;
    expect(locationOf(repo, base(repo), location).href).toBe(expected);
  });

  it.each([["http://elsewhere.example/1"], ["http://["], ["ftp://elsewhere.example/1"], [null]])(
    "of a registry reached by https is refused at %s",
    (location) => {
      const error = refusal(() => locationOf(secure, base(secure), location));
      expect(error.message).toBe("cannot push to ghcr.io/acme/cmamp: mine opened no upload");
    },
  );
});

describe("a registry reached by https", () => {
  const repo = repositoryOf({ name: "mine", kind: "ghcr", required: true, address: "ghcr.io/acme" }, "cmamp");
  const hub = repositoryOf({ name: "hub", kind: "dockerhub", required: true, address: "causify" }, "cmamp");
  type Sent = { readonly url: string; readonly authorization: string | undefined };
  type Given = { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

  /** Asks one question over a wire of the test, which gives these answers in turn. */
  async function askOver(answers: readonly Given[], to: Repository = repo, env: Readonly<Record<string, string>> = {}) {
    const sent: Sent[] = [];
    const queue = [...answers];
    const wire = async ({ url, headers }: Sending) => {
      sent.push({ url: url.href, authorization: headers["authorization"] });
      const { status, headers: own } = queue.shift() ?? { status: 200 };
      return { status, headers: new Headers(own) };
    };
    const session = newSession({ env: { DOCKER_CONFIG: "/nonexistent", ...env }, clock: clockAt() });
    const url = new URL(`${to.scheme}://${to.host}/v2/${to.path}/manifests/dev`);
    const question = { repo: to, method: "GET", url, headers: {}, scopes: [], accept: [200], doing: "read it" };
    return { sent, answer: await perform(session, question, wire).catch((error: unknown) => error) };
  }
  const challenge = { "www-authenticate": 'Basic realm="x"' };

  it("may send on to https, never to plain http", async () => {
    const on = (location: string) => askOver([{ status: 307, headers: { location } }]);
    expect((await on("https://store.example/1")).sent.map(({ url }) => url)).toEqual([
      "https://ghcr.io/v2/acme/cmamp/manifests/dev",
      "https://store.example/1",
    ]);
    const { sent, answer } = await on("http://store.example:81/1");
    const error = await failureOf(Promise.reject(answer), "refused");
    expect(error.message).toBe("cannot read it: mine sends on to http://store.example:81");
    expect(error.why).toBe("A registry that is reached by https may only send on to https.");
    expect(error.fix).toBe("Change what mine forbids, then run the same command again.");
    expect(sent).toHaveLength(1);
  });

  it("gets GITHUB_TOKEN where it is ghcr.io, under the actor's name", async () => {
    const { sent } = await askOver([{ status: 401, headers: challenge }], repo, {
      GITHUB_TOKEN: "ghs",
      GITHUB_ACTOR: "ada",
    });
    expect(sent.map(({ authorization }) => authorization)).toEqual([undefined, basic("ada", "ghs")]);
    const other = await askOver([{ status: 401, headers: challenge }], hub, { GITHUB_TOKEN: "ghs" });
    expect(other.sent.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });

  it("that does not take GITHUB_TOKEN is told of with that variable", async () => {
    const session = newSession({ env: { DOCKER_CONFIG: "/nonexistent", GITHUB_TOKEN: "ghs" }, clock: clockAt() });
    const wire = async () => ({ status: 401, headers: new Headers(challenge) });
    const url = new URL("https://ghcr.io/v2/acme/cmamp/manifests/dev");
    const question = { repo, method: "GET", url, headers: {}, scopes: [], accept: [200], doing: "read it" };
    await perform(session, question, wire);
    const { why, fix } = refusalOfAnswer(session, question, { status: 401, body: "" });
    expect(why).toBe(
      "The registry needs a login that is allowed to do this. It said: the login from GITHUB_TOKEN was not accepted",
    );
    expect(fix).toBe("Give GITHUB_TOKEN a token that may; or unset it");
  });

  it("is Docker Hub under the name that docker's configuration has for it", async () => {
    const folder = dockerFolder({ auths: { "https://index.docker.io/v1/": { username: "ada", password: "hub" } } });
    const { sent } = await askOver([{ status: 401, headers: challenge }], hub, { DOCKER_CONFIG: folder });
    expect(sent).toEqual([
      { url: "https://registry-1.docker.io/v2/causify/cmamp/manifests/dev", authorization: undefined },
      { url: "https://registry-1.docker.io/v2/causify/cmamp/manifests/dev", authorization: basic("ada", "hub") },
    ]);
  });

  it("sends nobody's password to a token server over plain http", async () => {
    const tokens = await startRegistry();
    const bearer = { "www-authenticate": `Bearer realm="http://${tokens.address}/token"` };
    await askOver([{ status: 401, headers: bearer }], repo, { GITHUB_TOKEN: "ghs" });
    expect(tokens.asked).toEqual([]);
  });
});
