import { describe, expect, it } from "vitest";
import type { Asked, Reply } from "./oci_server.ts";
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
  repoAt,
  startRegistry,
} from "./registry_ground.ts";

const image = imageOf(["a layer"]);
const start = Date.UTC(2030, 0, 1);

/**
 * A registry that wants a token of another server, which gives `token-1`, `token-2` ... to whoever asks; `taken` are those
 * that the registry takes, all without it.
 */
async function ground(config: unknown = {}, more: { readonly life?: number; readonly taken?: readonly number[] } = {}) {
  const [server, tokens] = [await startRegistry(), await startRegistry()];
  hold(server, image);
  let issued = 0;
  const issue = (): Reply => {
    issued += 1;
    return { status: 200, body: JSON.stringify({ token: `token-${issued}`, expires_in: more.life ?? 300 }) };
  };
  tokens.reply = issue;
  const challenge = { "www-authenticate": `Bearer realm="http://${tokens.address}/token",service="registry.test"` };
  const takes = (value = "") => /^Bearer token-/.test(value) && (more.taken?.includes(Number(value.slice(13))) ?? true);
  const locked = ({ headers }: Asked): Reply | null =>
    takes(headers.authorization) ? null : { status: 401, headers: challenge };
  server.reply = locked;
  const clock = clockAt(start);
  const written = typeof config === "function" ? config(server.address) : config;
  const folder = dockerFolder(written);
  const client = clientOf({ clock, env: envOf(folder) });
  return { server, folder, tokens, issue, locked, clock, client, repo: repoAt(server) };
}
const auth = (pair: string) => ({ auth: Buffer.from(pair).toString("base64") });
const stored = (entry: unknown) => (address: string) => ({ auths: { [address]: entry } });
const scopes = ({ asked }: { readonly asked: readonly Asked[] }) => asked.map(({ query }) => query.getAll("scope"));

describe("a token", () => {
  it("is asked for with the password, for the service and scope that are named", async () => {
    const { server, tokens, client, repo } = await ground(stored(auth("ada:s3cret")));
    expect(await client.head(repo, "dev")).toBeNull();
    expect(lines(tokens)).toEqual(["GET /token?service=registry.test&scope=repository%3Acmamp%3Apull"]);
    expect(brought(tokens)).toEqual([basic("ada", "s3cret")]);
    expect(brought(server)).toEqual([null, "Bearer token-1"]);
  });

  it("is asked for by nobody where no login is known", async () => {
    const { tokens, client, repo } = await ground();
    expect(await client.head(repo, "dev")).toBeNull();
    expect(brought(tokens)).toEqual([null]);
  });

  it.each([
    ["written", stored({ identitytoken: "idt0ken" })],
    ["a helper's", () => ({ credsStore: "vault" })],
  ])("is asked for by a form with an identity token that is %s", async (_where, config) => {
    const { tokens, server, repo, clock } = await ground();
    const helper = { "docker-credential-vault": `printf '{"Username":"<token>","Secret":"idt0ken"}'` };
    const client = clientOf({ clock, env: envOf(dockerFolder(config(server.address), helper)) });
    expect(await client.head(repo, "dev")).toBeNull();
    const [asked] = tokens.asked;
    expect([asked?.method, asked?.path]).toEqual(["POST", "/token"]);
    expect(asked?.headers).toMatchObject({ "content-type": "application/x-www-form-urlencoded" });
    expect(brought(tokens)).toEqual([null]);
    expect(Object.fromEntries(new URLSearchParams(String(asked?.body)))).toEqual({
      grant_type: "refresh_token",
      refresh_token: "idt0ken",
      client_id: "slipway",
      service: "registry.test",
      scope: "repository:cmamp:pull",
    });
  });

  it("may pull for what reads, and push for what writes", async () => {
    const { tokens, client, repo } = await ground();
    await client.manifest(repo, image.digest);
    await client.configOf(repo, image.digest);
    await client.tags(repo);
    expect(scopes(tokens)).toEqual([["repository:cmamp:pull"]]);
    await client.assertCanPush(repo);
    expect(scopes(tokens).slice(1)).toEqual([["repository:cmamp:pull,push"]]);
    await client.head(repo, "dev");
    expect(tokens.asked).toHaveLength(2);
  });

  it("may push where a manifest is put", async () => {
    const { tokens, client, repo } = await ground();
    await client.putManifest(repo, "dev", { manifest: { ...image, size: image.bytes.length } });
    expect(scopes(tokens)).toEqual([["repository:cmamp:pull,push"]]);
  });

  it("may push from the first blob of a copy on", async () => {
    const { server, tokens, client, repo } = await ground();
    server.manifests.clear();
    const from = await startRegistry();
    hold(from, image);
    const results = await client.copy({ from: repoAt(from), to: [repo], digest: image.digest, tag: "dev" });
    expect(results).toMatchObject([{ outcome: "copied" }]);
    expect(scopes(tokens)).toEqual([["repository:cmamp:pull"], ["repository:cmamp:pull,push"]]);
  });

  it("is for both repositories where a blob is mounted", async () => {
    const { server, tokens, locked, client, repo } = await ground();
    server.reply = (asked) => locked(asked) ?? (asked.method === "HEAD" ? { status: 404 } : null);
    await client.copy({ from: repo, to: [{ ...repo, path: "team/cmamp" }], digest: image.digest });
    expect(scopes(tokens)).toContainEqual(["repository:cmamp:pull", "repository:team/cmamp:pull,push"]);
  });

  it("is asked for once, however many requests wait for it", async () => {
    const { tokens, client, repo } = await ground();
    await client.head(repo, "dev");
    await Promise.all([client.assertCanPush(repo), client.assertCanPush(repo), client.assertCanPush(repo)]);
    expect(tokens.asked).toHaveLength(2);
  });

  it.each([
    ["ten seconds", 300, 290_000],
    ["half its life, when that is short,", 12, 6_000],
  ])("is renewed %s before its end", async (_when, life, renewed) => {
    const { tokens, server, clock, client, repo } = await ground({}, { life });
    await client.head(repo, "dev");
    clock.time = start + renewed - 1;
    await client.head(repo, "dev");
    expect(tokens.asked).toHaveLength(1);
    clock.time = start + renewed;
    await client.head(repo, "dev");
    expect(tokens.asked).toHaveLength(2);
    expect(brought(server)).toEqual([null, "Bearer token-1", "Bearer token-1", "Bearer token-2"]);
  });

  it("that two requests cannot get by the first login, both get by the second", async () => {
    const { tokens, issue, server, repo, clock } = await ground();
    const helper = { "docker-credential-vault": `printf '{"Username":"ada","Secret":"wrong"}'` };
    const config = { ...stored(auth("ada:right"))(server.address), credsStore: "vault" };
    const client = clientOf({ clock, env: envOf(dockerFolder(config, helper)) });
    const waiting: (() => void)[] = [];
    // The first two token requests are refused together, so that both find the same login to be over.
    tokens.before = () =>
      tokens.asked.length > 2
        ? undefined
        : new Promise((resolve) => {
            waiting.push(resolve);
            if (waiting.length === 2) for (const go of waiting) go();
          });
    tokens.reply = ({ headers }) => (headers.authorization === basic("ada", "right") ? issue() : { status: 401 });
    expect(await Promise.all([client.head(repo, "dev"), client.assertCanPush(repo)])).toEqual([null, undefined]);
    expect(brought(tokens).map((login) => login === basic("ada", "right"))).toEqual([false, false, true, true]);
  });

  it("that was taken and no longer is, is asked for anew", async () => {
    const { server, tokens, locked, client, repo } = await ground(stored(auth("ada:s3cret")));
    await client.head(repo, "dev");
    server.reply = (asked) =>
      asked.headers.authorization === "Bearer token-1" ? locked({ ...asked, headers: {} }) : locked(asked);
    expect(await client.head(repo, "dev")).toBeNull();
    expect(brought(server)).toEqual([null, "Bearer token-1", "Bearer token-1", "Bearer token-2"]);
    expect(brought(tokens)).toEqual([basic("ada", "s3cret"), basic("ada", "s3cret")]);
  });

  it("that several requests found to be over is asked for anew once", async () => {
    const { server, tokens, locked, client, repo } = await ground();
    await client.head(repo, "dev");
    server.reply = (asked) =>
      asked.headers.authorization === "Bearer token-1" ? locked({ ...asked, headers: {} }) : locked(asked);
    expect(await Promise.all(["a", "b", "c"].map((tag) => client.head(repo, tag)))).toEqual([null, null, null]);
    expect(tokens.asked).toHaveLength(2);
  });

  it("that is too small is asked for with the scope that the registry names, by the same login, and then for all", async () => {
    const { server, tokens, client, repo } = await ground(stored(auth("ada:s3cret")));
    const realm = `realm="http://${tokens.address}/token",service="registry.test"`;
    const named = `${realm},error="insufficient_scope",scope="repository:cmamp:delete,pull,push repository:other:pull"`;
    server.reply = ({ headers: { authorization } }) => {
      if (authorization === "Bearer token-1")
        return { status: 401, headers: { "www-authenticate": `Bearer ${named}` } };
      return authorization ? null : { status: 401, headers: { "www-authenticate": `Bearer ${realm}` } };
    };
    expect([await client.head(repo, "dev"), await client.head(repo, "prod")]).toEqual([null, null]);
    expect(scopes(tokens)).toEqual([["repository:cmamp:pull"], ["repository:cmamp:delete,pull,push"]]);
    expect(brought(tokens)).toEqual([basic("ada", "s3cret"), basic("ada", "s3cret")]);
    expect(brought(server)).toEqual([null, "Bearer token-1", "Bearer token-2", "Bearer token-2"]);
  });

  it("that has no right to what it is for is told of with that right, and so is where its login stands", async () => {
    const { server, folder, tokens, client, repo } = await ground(stored(auth("ada:s3cret")));
    const realm = `Bearer realm="http://${tokens.address}/token",service="registry.test"`;
    const small = `${realm},error="insufficient_scope",scope="repository:cmamp:pull,push"`;
    server.reply = ({ method, headers }) =>
      method === "POST" || !headers.authorization
        ? { status: 401, headers: { "www-authenticate": headers.authorization ? small : realm } }
        : null;
    await client.head(repo, "dev");
    const { why, fix } = await failureOf(client.assertCanPush(repo), "denied");
    expect(why).toBe(
      `The registry needs a login that is allowed to do this. It said: the login from ${folder}/config.json has no right to repository:cmamp:pull,push`,
    );
    expect(fix).toBe("i docker_login --target-registries mine");
  });

  it("that never was taken makes room for the next login", async () => {
    const { tokens, client, repo } = await ground(
      (address: string) => ({ ...stored(auth("ada:two"))(address), credsStore: "nowhere" }),
      { taken: [2] },
    );
    expect(await client.head(repo, "dev")).toBeNull();
    expect(brought(tokens)).toEqual([basic("ada", "two"), null]);
  });

  it("that the registry never takes ends as denied, each login tried once", async () => {
    const { server, folder, tokens, client, repo } = await ground(stored(auth("ada:one")), { taken: [] });
    const { why } = await failureOf(client.head(repo, "dev"), "denied");
    expect(why).toContain(`the login from ${folder}/config.json was not accepted`);
    expect(brought(tokens)).toEqual([basic("ada", "one"), null]);
    expect(brought(server)).toEqual([null, "Bearer token-1", "Bearer token-2"]);
  });
});

describe("a token server", () => {
  it.each([
    ["refuses", { status: 401 }],
    ["is not there", { status: 404 }],
    ["gives no token", { status: 200, body: "{}" }],
    ["gives no JSON", { status: 200, body: "<html>" }],
  ] as const)("that %s makes room for the next login", async (_what, reply) => {
    const { server, tokens, issue, client, repo } = await ground(stored(auth("ada:wrong")));
    tokens.reply = ({ headers }) => (headers.authorization === undefined ? issue() : reply);
    expect(await client.head(repo, "dev")).toBeNull();
    expect(brought(tokens)).toEqual([basic("ada", "wrong"), null]);
    expect(brought(server)).toEqual([null, "Bearer token-1"]);
  });

  it.each([
    ["a password", auth("ada:wrong"), basic("ada", "wrong")],
    ["an identity token", { identitytoken: "idt0ken" }, null],
  ])("that takes nobody's login is denied, in its own words: %s", async (_what, entry, sent) => {
    const { folder, tokens, client, repo } = await ground(stored(entry));
    tokens.reply = ({ body, headers }) => ({ status: 401, body: `expired: ${headers.authorization ?? body}` });
    const { why, fix } = await failureOf(client.head(repo, "dev"), "denied");
    const words = `the login from ${folder}/config.json was not accepted: ${tokens.address} answered 401, expired: `;
    expect(why).toContain(words);
    expect(why).not.toMatch(/idt0ken|YWRhOndyb25n/);
    expect(fix).toBe("i docker_login --target-registries mine");
    expect(brought(tokens)).toEqual([sent, null]);
  });

  it.each([
    [503, "unreachable"],
    [429, "throttled"],
  ] as const)("that answers %i says nothing about the login", async (status, reason) => {
    const { tokens, clock, client, repo } = await ground(stored(auth("ada:s3cret")));
    tokens.reply = () => ({ status });
    const error = await failureOf(client.head(repo, "dev"), reason);
    expect(error.message).toBe(`cannot log in to mine: its token server ${tokens.address} answered ${status}`);
    expect(error.why).toBe("The registry lets in who brings a token of that server, and it gives none now.");
    expect(error.fix).toMatch(/^(Run the same command again|Wait, or log in)/);
    expect(error.registry).toBe("mine");
    expect([tokens.asked.length, clock.waits.length]).toEqual([5, 4]);
  });

  it.each([
    ["a password", auth("ada:s3cret"), true],
    ["an identity token", { identitytoken: "idt0ken" }, true],
    ["nobody's login", {}, false],
  ])("of another host gets no secret unless the config names it: %s", async (_what, entry, isSecret) => {
    const { server, tokens, issue, locked, client, repo } = await ground(stored(entry));
    const other = await startRegistry("127.0.0.2");
    other.reply = issue;
    const realm = `Bearer realm="http://${other.address}/token",service="registry.test"`;
    server.reply = (asked) => locked(asked) && { status: 401, headers: { "www-authenticate": realm } };
    const named = { ...repo, registry: "named", tokenServer: other.address };
    if (!isSecret) {
      expect(await client.head(repo, "dev")).toBeNull();
      expect(brought(other)).toEqual([null]);
      return;
    }
    const error = await failureOf(client.head(repo, "dev"), "denied");
    expect(error.message).toBe(
      `cannot log in to mine: it wants the login for ${server.address} sent to ${other.address}`,
    );
    expect(error.fix).toBe(
      `If ${other.address} is its token server, write token_server: "${other.address}" below container_registry_info: mine in repo_config.yaml`,
    );
    expect([other.asked, tokens.asked]).toEqual([[], []]);
    expect(await client.head(named, "dev")).toBeNull();
    expect(other.asked).toHaveLength(1);
  });

  it("that works again is asked again", async () => {
    const { tokens, issue, client, repo } = await ground();
    tokens.reply = () => ({ status: 503, headers: { "retry-after": "99" } });
    await failureOf(client.head(repo, "dev"), "unreachable");
    tokens.reply = issue;
    expect(await client.head(repo, "dev")).toBeNull();
  });

  it("that does not answer is the registry's failure", async () => {
    const { tokens, client, repo } = await ground();
    await tokens.stop();
    const { message } = await failureOf(client.head(repo, "dev"), "unreachable");
    expect(message).toBe(`mine (${repo.host}) does not answer`);
  });

  it("that is busy is asked again", async () => {
    const { tokens, client, repo, issue } = await ground();
    const busy: Reply[] = [{ status: 429, headers: { "retry-after": "3" } }];
    tokens.reply = () => busy.shift() ?? issue();
    expect(await client.head(repo, "dev")).toBeNull();
    expect(tokens.asked).toHaveLength(2);
  });

  it.each([
    ["is no URL", 'Bearer realm="token",service="x"'],
    ["is missing, with nothing else to try", 'Bearer service="x"'],
  ])("whose address %s gets no request", async (_what, challenge) => {
    const { server, tokens, client, repo } = await ground(stored(auth("ada:s3cret")));
    server.reply = () => ({ status: 401, headers: { "www-authenticate": challenge } });
    await failureOf(client.head(repo, "dev"), "denied");
    expect(tokens.asked).toEqual([]);
    expect(brought(server)).not.toContain(basic("ada", "s3cret"));
  });
});

describe("secrets", () => {
  const words = ["s3cret:word", Buffer.from("ada:s3cret:word").toString("base64"), "token-1", "idt0ken"];
  const echo = (asked: Asked): Reply => ({
    status: asked.headers.authorization ? 403 : 401,
    headers: { "www-authenticate": `Bearer realm="http://${asked.headers.host}/token"` },
    body: `not with ${asked.headers.authorization}, ${words.join(", ")}`,
  });

  it.each([
    ["a password and its token", auth("ada:s3cret:word"), ["s3cret:word", "token-1"]],
    ["an identity token", { identitytoken: "idt0ken" }, ["idt0ken", "token-1"]],
  ])("are in no error, though the registry repeats them: %s", async (_what, entry, hidden) => {
    const { server, issue, client, repo } = await ground(stored(entry));
    server.reply = (asked) => (asked.path === "/token" ? issue() : echo(asked));
    const error = await failureOf(client.manifest(repo, "dev"), "denied");
    expect(error.why).toContain("It said: not with Bearer ***, ");
    const shown = `${error.stack} ${JSON.stringify(error)} ${error.why} ${error.fix}`;
    for (const secret of hidden) expect(shown).not.toContain(secret);
  });

  it("of Basic are in no error either, encoded or not", async () => {
    const { server, client, repo } = await ground(stored(auth("ada:s3cret:word")));
    server.reply = (asked) => ({
      ...(echo(asked) as object),
      status: asked.headers.authorization ? 403 : 401,
      headers: { "www-authenticate": "Basic" },
    });
    const error = await failureOf(client.manifest(repo, "dev"), "denied");
    expect(error.why).toContain("It said: not with Basic ***, ***, ***, token-1");
  });
});
