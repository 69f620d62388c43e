import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { readDockerConfig } from "../../lib/doors/registry/docker_config.ts";
import { UserError } from "../../lib/model/errors.ts";
import { refusalOf } from "../unit/factory.ts";
import type { OciServer } from "./oci_server.ts";
import {
  basic,
  brought,
  clientOf,
  clockAt,
  dockerFolder,
  envOf,
  failureOf,
  lock,
  repoAt,
  startRegistry,
} from "./registry_ground.ts";

const right = basic("ada", "s3cret:word");
const auth = (pair: string) => ({ auth: Buffer.from(pair).toString("base64") });
/** A program that prints this login, for the host that it is asked for as docker's helpers do, or for another. */
const says = (user: string, secret: string, host = "$(cat)") =>
  `printf '{"ServerURL":"%s","Username":"${user}","Secret":"${secret}"}' "${host}"`;

type More = Parameters<typeof clientOf>[0] & { readonly programs?: Readonly<Record<string, string>> };
/** A registry that takes one password, and a client whose docker configuration is made from its address. */
async function ground(config: (address: string) => unknown, { programs = {}, ...more }: More = {}) {
  const server = await startRegistry();
  lock(server, [right]);
  const folder = dockerFolder(config(server.address), programs);
  const env = { ...envOf(folder), ...more.env };
  return { server, folder, repo: repoAt(server), client: clientOf({ ...more, env }) };
}
const stored = (entry: unknown) => (address: string) => ({ auths: { [address]: entry } });

describe("a login", () => {
  it("is shown only when the registry asks for it, and from then on at once", async () => {
    const { server, repo, client } = await ground(stored(auth("ada:s3cret:word")));
    for (const tag of ["dev", "dev", "prod"]) expect(await client.head(repo, tag)).toBeNull();
    expect(brought(server)).toEqual([null, right, right, right]);
  });

  it.each([
    ["as one text", auth("ada:s3cret:word")],
    ["as two", { username: "ada", password: "s3cret:word" }],
  ])("is read from docker's configuration %s", async (_how, entry) => {
    const { repo, client } = await ground(stored(entry));
    expect(await client.head(repo, "dev")).toBeNull();
  });

  it("goes to the host it is for, whoever else asks", async () => {
    const other = await startRegistry();
    lock(other, [basic("bob", "other")]);
    const { server, repo, client } = await ground((address) => ({
      auths: { [address]: auth("ada:s3cret:word"), [other.address]: auth("bob:other") },
    }));
    await client.head(repo, "dev");
    await client.head(repoAt(other), "dev");
    await client.head({ ...repoAt(other), registry: "theirs" }, "dev");
    expect(brought(server)).toEqual([null, right]);
    expect(brought(other)).toEqual([null, basic("bob", "other"), null, basic("bob", "other")]);
  });

  it("goes with every kind of request to the registry", async () => {
    const { server, repo, client } = await ground(stored(auth("ada:s3cret:word")));
    const digest = server.put("from", "dev");
    const from = { ...repo, path: "from" };
    expect(await client.copy({ from, to: [repo], digest, tag: "dev" })).toMatchObject([{ outcome: "copied" }]);
    await client.tags(repo);
    await client.assertCanPush(repo);
    expect(new Set(brought(server).slice(1))).toEqual(new Set([right]));
  });

  it("is not asked for in vain: a registry that names no way in is told from one that does", async () => {
    const { server, repo, client } = await ground(stored(auth("ada:s3cret:word")));
    server.reply = () => ({ status: 401 });
    await failureOf(client.head(repo, "dev"), "denied");
    expect(brought(server)).toEqual([null]);
  });

  it("that is not there leaves the registry's words and the line to type", async () => {
    const { server, repo, client } = await ground(() => ({}));
    const error = await failureOf(client.manifest(repo, "dev"), "denied");
    expect(error.message).toBe(`cannot read ${repo.reference}:dev: mine answered 401`);
    expect(error.why).toBe("The registry wants a login that may do this. It said: who are you?");
    expect(error.fix).toBe("i docker_login --target-registries mine");
    expect(brought(server)).toEqual([null, null]);
  });

  it.each([
    [403, "refused"],
    [412, "refused"],
    [401, "denied"],
    [429, "throttled"],
    [503, "unreachable"],
  ] as const)("is not what is wrong where %i tells of a rule: it is %s", async (status, reason) => {
    const { server, repo, client } = await ground(stored(auth("ada:s3cret:word")));
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "project quota exceeded" }] });
    server.reply = () => ({ status, body, headers: { "retry-after": "99" } });
    const { why, fix } = await failureOf(client.manifest(repo, "dev"), reason);
    expect(why).toContain("It said: DENIED: project quota exceeded");
    expect(fix.includes("raise the quota of cmamp in mine")).toBe(reason === "refused");
  });

  it("that is wrong is named by where it came from", async () => {
    const { server, folder, repo, client } = await ground(stored(auth("ada:wrong")));
    const { why } = await failureOf(client.manifest(repo, "dev"), "denied");
    expect(why).toBe(
      `The registry wants a login that may do this. It said: who are you?; the login from ${folder}/config.json was not accepted`,
    );
    expect(brought(server)).toEqual([null, basic("ada", "wrong"), null]);
  });

  it("that the registry forbids something is kept: 403 asks for no other", async () => {
    const { server, repo, client } = await ground(stored(auth("ada:s3cret:word")));
    await client.head(repo, "dev");
    server.reply = () => ({ status: 403 });
    await failureOf(client.head(repo, "dev"), "denied");
    expect(brought(server)).toEqual([null, right, right]);
  });

  it("that was taken and no longer is, is asked for again from its source", async () => {
    const { server, folder, repo, client } = await ground(() => ({ credsStore: "vault" }), {
      programs: { "docker-credential-vault": says("ada", "s3cret:word") },
    });
    await client.head(repo, "dev");
    lock(server, [basic("ada", "new")]);
    writeFileSync(join(folder, "docker-credential-vault"), `#!/bin/sh\n${says("ada", "new")}\n`);
    expect(await client.head(repo, "dev")).toBeNull();
    expect(brought(server)).toEqual([null, right, right, basic("ada", "new")]);
  });

  it("is asked for once, however many requests wait for it", async () => {
    const counting = `echo asked >>"$0.count"; ${says("ada", "s3cret:word")}`;
    const { folder, repo, client } = await ground(() => ({ credsStore: "vault" }), {
      programs: { "docker-credential-vault": counting },
    });
    await Promise.all([client.head(repo, "dev"), client.manifest(repo, "dev"), client.tags(repo)]);
    expect(readFileSync(join(folder, "docker-credential-vault.count"), "utf8")).toBe("asked\n");
  });
});

describe("the sources of a login", () => {
  it("are tried in docker's order: the host's helper, else the store, then what is written", async () => {
    const { server, repo, client } = await ground(
      (address) => ({
        credHelpers: { [address]: "first" },
        credsStore: "never",
        auths: { [address]: auth("ada:s3cret:word") },
      }),
      { programs: { "docker-credential-first": says("ada", "helper"), "docker-credential-never": says("no", "no") } },
    );
    expect(await client.head(repo, "dev")).toBeNull();
    expect(brought(server)).toEqual([null, basic("ada", "helper"), right]);
  });

  it.each([
    ["is not installed", null],
    ["gives a login that is not taken", says("ada", "wrong")],
  ])("are tried one after the other by requests side by side too: the first %s", async (_what, program) => {
    const { server, repo, client } = await ground(
      (address) => ({ credsStore: "one", auths: { [address]: auth("ada:s3cret:word") } }),
      { programs: program === null ? {} : { "docker-credential-one": program } },
    );
    const tags = ["a", "b", "c"];
    const waiting: (() => void)[] = [];
    // Each round of three is answered together.
    server.before = () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 3) for (const go of waiting.splice(0)) go();
      });
    expect(await Promise.all(tags.map((tag) => client.head(repo, tag)))).toEqual([null, null, null]);
    expect(brought(server).slice(-3)).toEqual([right, right, right]);
  });

  it("are named together when none is taken", async () => {
    const config = (address: string) => ({ credsStore: "one", auths: { [address]: auth("ada:two") } });
    const programs = { "docker-credential-one": says("ada", "one") };
    const { folder, repo, client } = await ground(config, { programs });
    const { why } = await failureOf(client.head(repo, "dev"), "denied");
    const file = `${folder}/config.json`;
    expect(why).toBe(
      `The registry wants a login that may do this. It said: the login from docker-credential-one (credsStore of ${file}) was not accepted; the login from ${file} was not accepted`,
    );
  });

  it("are all left aside for a registry that asks nobody", async () => {
    const { server, repo, client } = await ground(() => "no JSON", {});
    server.reply = () => null;
    expect(await client.head(repo, "dev")).toBeNull();
  });

  it("end with the error of a configuration that cannot be read, as no registry's", async () => {
    const { folder, repo, client } = await ground(() => "no JSON");
    const job = { from: repo, to: [repo], digest: `sha256:${"a".repeat(64)}` };
    for (const asking of [client.head(repo, "dev"), client.copy(job)]) {
      const error = await refusalOf(asking);
      expect(error.message).toBe(`docker's configuration "${join(folder, "config.json")}" cannot be read`);
      expect(error.kind).toBe("refused");
    }
  });
});

describe("a credential helper", () => {
  const helped = (program: string, more: More = {}) =>
    ground((address) => ({ credHelpers: { [address]: "vault" } }), {
      programs: { "docker-credential-vault": program },
      ...more,
    });
  const notes = "The registry wants a login that may do this. It said: ";
  /** The two ways on where a helper is no help. */
  const ways = (first: string, folder: string, key = "credHelpers") =>
    `${first}; or take it out of ${key} in ${folder}/config.json, and log in: i docker_login --target-registries mine`;
  const tryIt = (address: string) => `See why: echo ${address} | docker-credential-vault get`;
  const inFolder = (folder: string) => `docker-credential-vault (credHelpers of ${folder}/config.json)`;

  it("is run with the word get, and reads the host from its input", async () => {
    const { server, folder, repo, client } = await helped(
      `echo "$# $1" >"$0.words"; tee "$0.in" | ${says("ada", "s3cret:word")}`,
    );
    expect(await client.head(repo, "dev")).toBeNull();
    expect(readFileSync(join(folder, "docker-credential-vault.in"), "utf8")).toBe(server.address);
    expect(readFileSync(join(folder, "docker-credential-vault.words"), "utf8")).toBe("1 get\n");
  });

  it("sees the environment of the client, not that of the process", async () => {
    vi.stubEnv("SLIPWAY_SEEN", "process");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { folder, repo, client } = await helped(
      `echo "$GIVEN$SLIPWAY_SEEN" >"$0.env"; ${says("ada", "s3cret:word")}`,
      {
        env: { GIVEN: "client" },
      },
    );
    await client.head(repo, "dev");
    expect(readFileSync(join(folder, "docker-credential-vault.env"), "utf8")).toBe("client\n");
  });

  it.each([
    ["fails with words", "echo first >&2; echo locked out >&2; exit 3", "exited with 3: locked out"],
    ["fails with words on stdout", "echo no bus; exit 1", "exited with 1: no bus"],
    ["says nothing", "exit 4", "exited with 4:"],
    ["says too much", "head -c 300 /dev/zero | tr '\\0' x; exit 1", `exited with 1: ${"x".repeat(200)}`],
    ["prints nothing", "true", "printed nothing"],
    ["prints no JSON", "echo hello", "printed no credentials"],
    ["prints a word", "echo '\"hello\"'", "printed no credentials"],
    ["prints null", "echo null", "printed no credentials"],
    ["prints no user", `echo '{"Secret":"x"}'`, "printed no credentials"],
    ["prints no secret", `echo '{"Username":"ada"}'`, "printed no credentials"],
    ["prints an empty secret", says("ada", ""), "printed no credentials"],
    ["prints a number as user", `echo '{"Username":1,"Secret":"x"}'`, "printed no credentials"],
    ["prints a number as secret", `echo '{"Username":"ada","Secret":1}'`, "printed no credentials"],
  ])("that %s is told of in the error", async (_what, program, words) => {
    const { server, folder, repo, client } = await helped(program);
    const { why, fix } = await failureOf(client.head(repo, "dev"), "denied");
    expect(why).toBe(`${notes}${inFolder(folder)} ${words}`.slice(0, notes.length + 300));
    expect(fix).toBe(ways(tryIt(server.address), folder));
    expect(brought(server)).toEqual([null, null]);
  });

  it("that has no login for the host is no failure", async () => {
    const { repo, client } = await helped("echo 'Credentials not found in native keychain'; exit 1");
    expect((await failureOf(client.manifest(repo, "dev"), "denied")).why).toBe(`${notes}who are you?`);
  });

  it("that is not installed is told of", async () => {
    const { folder, repo, client } = await ground(() => ({ credsStore: "nowhere" }));
    const { why, fix } = await failureOf(client.head(repo, "dev"), "denied");
    expect(why).toBe(`${notes}docker-credential-nowhere (credsStore of ${folder}/config.json) is not installed`);
    expect(fix).toBe(ways("Install docker-credential-nowhere", folder, "credsStore"));
  });

  it("that cannot be started is told of: nobody may, or what runs it is not there", async () => {
    const { server, folder, repo, client } = await helped(says("ada", "s3cret:word"));
    const program = join(folder, "docker-credential-vault");
    chmodSync(program, 0o600);
    const closed = await failureOf(client.head(repo, "dev"), "denied");
    expect(closed.why).toBe(`${notes}${inFolder(folder)} is not executable`);
    expect(closed.fix).toBe(ways(`chmod +x ${program}`, folder));
    writeFileSync(program, "#!/nowhere/sh\n");
    chmodSync(program, 0o700);
    const other = await failureOf(clientOf({ env: envOf(folder) }).head(repo, "dev"), "denied");
    expect(other.why).toBe(`${notes}${inFolder(folder)} cannot be started: not found`);
    expect(other.fix).toBe(ways(tryIt(server.address), folder));
  });

  it.each([
    ["another host", "elsewhere.example"],
    ["another host below its own", "https://HOST.elsewhere.example/v2/"],
    ["another port of the host", "127.0.0.1:1"],
  ])("that answers for %s gives its password to nobody", async (_what, host) => {
    const { server, folder, repo, client } = await helped(says("ada", "s3cret:word", host));
    const { why, fix } = await failureOf(client.head(repo, "dev"), "denied");
    expect(why).toBe(`${notes}${inFolder(folder)} gave credentials of ${host}, and ${server.address} was asked for`);
    expect(fix).toBe(ways(tryIt(server.address), folder));
    expect(brought(server)).toEqual([null, null]);
  });

  it.each([
    ["none", ""],
    ["the host's URL", "http://$(cat)/v2/"],
  ])("may name as the host %s", async (_what, host) => {
    const { server, repo, client } = await helped(says("ada", "s3cret:word", host));
    expect(await client.head(repo, "dev")).toBeNull();
    expect(brought(server)).toEqual([null, right]);
  });

  it("that never ends is ended with all that it started, and named with how long it had", async () => {
    const { server, folder, repo, client } = await helped("sleep 30", { timeouts: { helper: 15 } });
    const { why, fix } = await failureOf(client.head(repo, "dev"), "denied");
    expect(why).toBe(`${notes}${inFolder(folder)} did not answer within 0.015 s`);
    expect(fix).toBe(ways(tryIt(server.address), folder));
  });

  it.each(["../vault", "vault x", "$(id)", "vault\n"])("is never a path or a shell's text: %j", async (name) => {
    const { folder, repo, client } = await ground(() => ({ credsStore: name }));
    const { why, fix } = await failureOf(client.head(repo, "dev"), "denied");
    const shown = `docker-credential-${name.trim()} (credsStore of ${folder}/config.json)`;
    expect(why).toBe(`${notes}${shown} is no name of a program`);
    expect(fix).toBe(`Correct it in ${folder}/config.json`);
  });
});

describe("a password of ECR", () => {
  const ecr = { kind: "ecr", region: "eu-north-1", profile: "infra" } as const;
  const start = Date.UTC(2030, 0, 1);
  /** A client to whom AWS gives these passwords in turn, each for so many milliseconds. */
  async function withAws(passwords: readonly (string | Error)[], lasting = 12 * 3600 * 1000) {
    const clock = clockAt(start);
    const accounts: unknown[] = [];
    const queue = [...passwords];
    const ecrLogin = async (account: unknown) => {
      accounts.push(account);
      const password = queue.shift() ?? "";
      if (typeof password !== "string") throw password;
      return { password, until: clock.time + lasting };
    };
    const { server } = await ground(() => ({}));
    const client = clientOf({ clock, ecrLogin });
    return { server, clock, accounts, ask: () => client.head(repoAt(server, ecr), "dev") };
  }
  const accept = (server: OciServer, ...passwords: string[]) =>
    lock(
      server,
      passwords.map((password) => basic("AWS", password)),
    );

  it("is asked of AWS for the region and profile of the registry", async () => {
    const { server, accounts, ask } = await withAws(["one"]);
    accept(server, "one");
    expect(await ask()).toBeNull();
    expect(accounts).toEqual([{ from: "ecr", region: "eu-north-1", profile: "infra" }]);
    expect(brought(server)).toEqual([null, basic("AWS", "one")]);
  });

  it.each([
    ["a minute", 12 * 3600 * 1000, 12 * 3600 * 1000 - 60_000],
    ["half its life, when that is short,", 80_000, 40_000],
  ])("is renewed %s before its end", async (_when, lasting, renewed) => {
    const { server, clock, accounts, ask } = await withAws(["one", "two"], lasting);
    accept(server, "one", "two");
    await ask();
    clock.time = start + renewed - 1;
    await ask();
    expect(accounts).toHaveLength(1);
    clock.time = start + renewed;
    await ask();
    expect(brought(server).slice(1)).toEqual([basic("AWS", "one"), basic("AWS", "one"), basic("AWS", "two")]);
  });

  it("has run out when the registry answers 403", async () => {
    const { server, ask } = await withAws(["one", "two"]);
    accept(server, "one");
    await ask();
    server.reply = ({ headers }) => (headers.authorization === basic("AWS", "two") ? null : { status: 403 });
    expect(await ask()).toBeNull();
    expect(brought(server)).toEqual([null, ...["one", "one", "two"].map((one) => basic("AWS", one))]);
  });

  it("that AWS does not give is told of in AWS's words", async () => {
    const { ask } = await withAws([
      new UserError("cannot get a password", { why: "It said: expired", fix: "aws sso login" }),
    ]);
    const { why } = await failureOf(ask(), "denied");
    expect(why).toContain("It said: cannot get a password: It said: expired");
  });

  it("does not hide a bug of ours", async () => {
    const { ask } = await withAws([new TypeError("a bug")]);
    await expect(ask()).rejects.toThrow(TypeError);
  });
});

describe("docker's configuration", () => {
  it("lies in DOCKER_CONFIG, else in .docker of HOME, else in that of the user", async () => {
    const folder = dockerFolder({ one: 1 });
    mkdirSync(join(folder, ".docker"));
    writeFileSync(join(folder, ".docker", "config.json"), '{"two":2}');
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv("HOME", folder);
    expect(await readDockerConfig({ DOCKER_CONFIG: folder, HOME: "/nowhere" })).toEqual({
      path: join(folder, "config.json"),
      content: { one: 1 },
    });
    const ofUser = { path: join(folder, ".docker", "config.json"), content: { two: 2 } };
    expect(await readDockerConfig({ DOCKER_CONFIG: "", HOME: folder })).toEqual(ofUser);
    expect(await readDockerConfig({ HOME: "" })).toEqual(ofUser);
    vi.stubEnv("HOME", "/nowhere");
    expect((await readDockerConfig({})).content).toBeNull();
  });

  it("may be missing, a link to nowhere or itself, or empty", async () => {
    const folder = dockerFolder(" \n");
    mkdirSync(join(folder, "loop"));
    symlinkSync("config.json", join(folder, "loop", "config.json"));
    for (const place of [".", "nowhere", "config.json", "loop"])
      expect((await readDockerConfig({ DOCKER_CONFIG: join(folder, place) })).content).toBeNull();
  });

  it("is named where it is no JSON, or no file", async () => {
    const folder = dockerFolder("{");
    const error = await refusalOf(readDockerConfig({ DOCKER_CONFIG: folder }));
    expect(error.message).toBe(`docker's configuration "${join(folder, "config.json")}" cannot be read`);
    expect(error.why).toBe("It is not JSON, and the credentials of registries are in it.");
    expect(error.fix).toBe("Correct the file, or point DOCKER_CONFIG at another folder.");
    mkdirSync(join(folder, "folder", "config.json"), { recursive: true });
    const other = await refusalOf(readDockerConfig({ DOCKER_CONFIG: join(folder, "folder") }));
    expect(other.why).toContain("EISDIR");
  });
});
