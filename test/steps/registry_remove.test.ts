import { beforeEach, describe, expect, it } from "vitest";
import type { Removal } from "../../lib/names/prune.ts";
import { digest } from "../unit/factory.ts";
import type { Asked, OciServer, Reply } from "./oci_server.ts";
import { clientOf, dockerFolder, envOf, failureOf, lines, repoAt, startRegistry } from "./registry_ground.ts";

const password = "planted-token-17c3";
const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});
const [one, two, three] = ["1", "2", "3"].map(digest) as [string, string, string];
const removal = (of: string, ...tags: readonly string[]): Removal => ({ digest: of, tags });
const api = (server: OciServer) => `http://${server.address}`;

/** A client that is logged in to a registry, whose own API beside it is a server of this test. */
function clientBeside(registry: OciServer, beside: OciServer) {
  const env = envOf(dockerFolder({ auths: { [registry.address]: { username: "ada", password } } }));
  return clientOf({ env, apis: { github: api(beside), hub: api(beside), onLoopback: true } });
}

describe("images of a registry", () => {
  let server: OciServer;
  beforeEach(async () => {
    server = await startRegistry();
  });
  const remove = (...removals: readonly Removal[]) => clientOf().remove(repoAt(server), removals);
  const answer = (...replies: readonly Reply[]) => {
    const left = [...replies];
    server.reply = () => left.shift() ?? { status: 202 };
  };

  it("go by their digest, with all their tags, in the order that was asked for; one that is gone is absent", async () => {
    answer({ status: 202 }, { status: 404 });
    const results = await remove(removal(two, "a", "b"), removal(one));
    expect(results.map(({ outcome }) => outcome)).toEqual(["removed", "absent"]);
    expect(lines(server)).toEqual([two, one].map((of) => `DELETE /v2/cmamp/manifests/${of}`));
  });

  it("of a registry that removes none stay, and it says so", async () => {
    answer({ status: 405 });
    const error = await failureOf(remove(removal(one, "a"), removal(two, "b")), "refused");
    expect([error.message, error.fix]).toEqual([
      "mine does not let images be removed",
      "Allow it, of Distribution by REGISTRY_STORAGE_DELETE_ENABLED=true; or leave it out: --target-registries",
    ]);
    expect(server.asked.length).toBe(1);
  });

  it("are asked for again where it fails once, and lost connections too", async () => {
    answer({ status: 503 }, "reset", { status: 202 });
    expect(await remove(removal(one, "a"))).toMatchObject([{ outcome: "removed" }]);
    expect(server.asked.length).toBe(3);
  });

  it("stay where who asks may not remove them", async () => {
    answer({ status: 403, body: '{"errors":[{"code":"DENIED","message":"no delete for you"}]}' });
    const error = await failureOf(remove(removal(one, "a")), "denied");
    expect(error.why).toContain("no delete for you");
  });
});

describe("images of GitHub's registry", () => {
  let registry: OciServer;
  let github: OciServer;
  const versions = "/orgs/acme/packages/container/tools%2Fcmamp/versions";
  const version = (id: number, name: string, ...tags: readonly string[]) => ({
    ...{ id, name, url: `https://api.github.com${versions}/${id}` },
    metadata: { package_type: "container", container: { tags } },
  });
  /** What it answers to a path beside who acme is. */
  let told: (asked: Asked) => Reply | null;
  beforeEach(async () => {
    registry = await startRegistry();
    github = await startRegistry();
    told = () => null;
    github.reply = (asked) => {
      if (asked.headers.authorization !== `Bearer ${password}`) return json(401, { message: "Bad credentials" });
      if (asked.path === "/users/acme") return json(200, { login: "acme", type: "Organization" });
      return told(asked) ?? json(404, { message: "Not Found" });
    };
  });
  const remove = (...removals: readonly Removal[]) =>
    clientBeside(registry, github).remove(
      repoAt(registry, { kind: "ghcr", address: `${registry.address}/acme/tools` }),
      removals,
    );

  it("are versions of a package, which go by their number, over all pages", async () => {
    told = ({ method, path, query }) => {
      if (method === "DELETE") return { status: path.endsWith("/7") ? 404 : 204 };
      if (path !== versions) return null;
      const next = `<${api(github)}${versions}?per_page=100&page=2>; rel="next"`;
      return query.get("page") === "1"
        ? json(200, [version(5, one, "a", "b"), version(6, two)], { link: next })
        : json(200, [version(7, three, "c")]);
    };
    const results = await remove(removal(one, "a", "b"), removal(three, "c"), removal(two), removal(digest("9"), "x"));
    expect(results.map(({ outcome }) => outcome)).toEqual(["removed", "absent", "removed", "absent"]);
    expect(lines(github)).toEqual([
      "GET /users/acme",
      `GET ${versions}?per_page=100&page=1`,
      `GET ${versions}?per_page=100&page=2`,
      ...[5, 7, 6].map((id) => `DELETE ${versions}/${id}`),
    ]);
    expect(lines(registry)).toEqual([]);
  });

  it("stay where a tag came to them that was not to go", async () => {
    told = ({ path }) => (path === versions ? json(200, [version(5, one, "a", "dev-1.2.0")]) : null);
    expect(await remove(removal(one, "a"))).toMatchObject([{ outcome: "absent" }]);
    expect(lines(github).filter((line) => line.startsWith("DELETE"))).toEqual([]);
  });

  it("of a user are asked for as such", async () => {
    const reply = github.reply;
    github.reply = (asked) =>
      asked.path === "/users/acme" ? json(200, { login: "acme", type: "User" }) : reply(asked);
    told = ({ path }) => (path === versions.replace("/orgs/", "/users/") ? json(200, []) : null);
    expect(await remove(removal(one, "a"))).toMatchObject([{ outcome: "absent" }]);
  });

  it.each<[string, (asked: Asked) => Reply | null, string, string]>([
    ["a package that the token may not see", () => null, "not_found", "list"],
    [
      "a token without delete:packages",
      ({ method, path }) =>
        method === "DELETE"
          ? json(403, { message: `${password} needs delete:packages` })
          : path === versions
            ? json(200, [version(5, one, "a")])
            : null,
      "denied",
      "remove",
    ],
  ])("stay with %s, which is told without the token", async (_what, reply, reason, doing) => {
    told = reply;
    const error = await failureOf(remove(removal(one, "a")), reason as "denied");
    expect(error.message).toMatch(new RegExp(`^cannot ${doing} .*: 127\\.0\\.0\\.1:\\d+ answered 40[34]$`));
    expect(error.why).toMatch(/It said: (Not Found|\*\*\* needs delete:packages)$/);
    expect(JSON.stringify(error)).not.toContain(password);
  });
});

describe("images of Docker Hub", () => {
  let registry: OciServer;
  let hub: OciServer;
  const tags = new Map<string, string>();
  beforeEach(async () => {
    registry = await startRegistry();
    hub = await startRegistry();
    tags.clear();
    hub.reply = ({ method, path, headers, body }) => {
      if (path === "/v2/auth/token") {
        const { identifier, secret } = JSON.parse(String(body));
        return identifier === "ada" && secret === password
          ? json(200, { access_token: "hub-jwt-88" })
          : json(401, { message: "Incorrect authentication credentials" });
      }
      if (headers.authorization !== "Bearer hub-jwt-88") return json(401, { message: "unauthorized" });
      const tag = /^\/v2\/repositories\/acme\/cmamp\/tags\/([^/]+)\/$/.exec(path)?.[1] ?? "";
      const found = tags.get(tag);
      if (found === undefined) return json(404, { message: "httperror 404: tag not found" });
      if (method === "GET") return json(200, { name: tag, digest: found, last_updated: "2026-01-01T00:00:00Z" });
      tags.delete(tag);
      return { status: 204 };
    };
  });
  const remove = (...removals: readonly Removal[]) =>
    clientBeside(registry, hub).remove(
      repoAt(registry, { kind: "dockerhub", address: `${registry.address}/acme` }),
      removals,
    );

  it("go by their tags, each only where it still names the image", async () => {
    for (const [tag, of] of [
      ["a", one],
      ["b", one],
      ["c", two],
    ] as const)
      tags.set(tag, of);
    const results = await remove(removal(one, "a", "b", "gone"), removal(three, "c"), removal(two));
    expect(results.map(({ outcome }) => outcome)).toEqual(["removed", "absent", "absent"]);
    expect([...tags.keys()]).toEqual(["c"]);
    expect(lines(registry)).toEqual([]);
  });

  it("stay where its API takes no password, which stands in no error", async () => {
    const { reply } = hub;
    hub.reply = (asked) =>
      asked.path === "/v2/auth/token" ? json(401, { message: `Incorrect ${password}` }) : reply(asked);
    const error = await failureOf(remove(removal(one, "a")), "denied");
    expect(error.message).toMatch(/^cannot log in to the API of Docker Hub: /);
    expect([error.why, error.fix]).toEqual([
      expect.stringContaining("It said: Incorrect ***"),
      "i docker_login --target-registries mine",
    ]);
  });
});
