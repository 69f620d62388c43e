import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../lib/errors.ts";
import { refusalOf } from "../unit/factory.ts";
import type { OciServer } from "./oci_server.ts";
import {
  auth,
  basic,
  brought,
  clientOf,
  clockAt,
  failureOf,
  lock,
  lockedGround,
  repoAt,
  right,
  says,
  startRegistry,
  stored,
} from "./registry_ground.ts";

describe("a login", () => {
  it("is shown only when the registry asks for it, and from then on at once", async () => {
    const { server, repo, client } = await lockedGround(stored(auth("ada:s3cret:word")));
    for (const tag of ["dev", "dev", "prod"]) expect(await client.head(repo, tag)).toBeNull();
    expect(brought(server)).toEqual([null, right, right, right]);
  });

  it.each([
    ["as one text", auth("ada:s3cret:word")],
    ["as two", { username: "ada", password: "s3cret:word" }],
  ])("is read from docker's configuration %s", async (_how, entry) => {
    const { repo, client } = await lockedGround(stored(entry));
    expect(await client.head(repo, "dev")).toBeNull();
  });

  it("goes to the host it is for, whoever else asks", async () => {
    const other = await startRegistry();
    lock(other, [basic("bob", "other")]);
    const { server, repo, client } = await lockedGround((address) => ({
      auths: { [address]: auth("ada:s3cret:word"), [other.address]: auth("bob:other") },
    }));
    await client.head(repo, "dev");
    await client.head(repoAt(other), "dev");
    await client.head({ ...repoAt(other), registry: "theirs" }, "dev");
    expect(brought(server)).toEqual([null, right]);
    expect(brought(other)).toEqual([null, basic("bob", "other"), null, basic("bob", "other")]);
  });

  it("goes with every kind of request to the registry", async () => {
    const { server, repo, client } = await lockedGround(stored(auth("ada:s3cret:word")));
    const digest = server.put("from", "dev");
    const from = { ...repo, path: "from" };
    expect(await client.copy({ from, to: [repo], digest, tag: "dev" })).toMatchObject([{ outcome: "copied" }]);
    await client.tags(repo);
    await client.assertCanPush(repo);
    expect(new Set(brought(server).slice(1))).toEqual(new Set([right]));
  });

  it("is not asked for in vain: a registry that names no way in is told from one that does", async () => {
    const { server, repo, client } = await lockedGround(stored(auth("ada:s3cret:word")));
    server.reply = () => ({ status: 401 });
    await failureOf(client.head(repo, "dev"), "denied");
    expect(brought(server)).toEqual([null]);
  });

  it("that is not there leaves the registry's words and the line to type", async () => {
    const { server, repo, client } = await lockedGround(() => ({}));
    const error = await failureOf(client.manifest(repo, "dev"), "denied");
    expect(error.message).toBe(`cannot read ${repo.reference}:dev: mine answered 401`);
    expect(error.why).toBe("The registry needs a login that is allowed to do this. It said: who are you?");
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
    const { server, repo, client } = await lockedGround(stored(auth("ada:s3cret:word")));
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "project quota exceeded" }] });
    server.reply = () => ({ status, body, headers: { "retry-after": "99" } });
    const { why, fix } = await failureOf(client.manifest(repo, "dev"), reason);
    expect(why).toContain("It said: DENIED: project quota exceeded");
    expect(fix.includes("raise the quota of cmamp in mine")).toBe(reason === "refused");
  });

  it("that is wrong is named by where it came from", async () => {
    const { server, folder, repo, client } = await lockedGround(stored(auth("ada:wrong")));
    const { why } = await failureOf(client.manifest(repo, "dev"), "denied");
    expect(why).toBe(
      `The registry needs a login that is allowed to do this. It said: who are you?; the login from ${folder}/config.json was not accepted`,
    );
    expect(brought(server)).toEqual([null, basic("ada", "wrong"), null]);
  });

  it("that the registry forbids something is kept: 403 asks for no other", async () => {
    const { server, repo, client } = await lockedGround(stored(auth("ada:s3cret:word")));
    await client.head(repo, "dev");
    server.reply = () => ({ status: 403 });
    await failureOf(client.head(repo, "dev"), "denied");
    expect(brought(server)).toEqual([null, right, right]);
  });

  it("that was taken and no longer is, is asked for again from its source", async () => {
    const { server, folder, repo, client } = await lockedGround(() => ({ credsStore: "vault" }), {
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
    const { folder, repo, client } = await lockedGround(() => ({ credsStore: "vault" }), {
      programs: { "docker-credential-vault": counting },
    });
    await Promise.all([client.head(repo, "dev"), client.manifest(repo, "dev"), client.tags(repo)]);
    expect(readFileSync(join(folder, "docker-credential-vault.count"), "utf8")).toBe("asked\n");
  });
});

describe("the sources of a login", () => {
  it("are tried in docker's order: the host's helper, else the store, then what is written", async () => {
    const { server, repo, client } = await lockedGround(
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
    const { server, repo, client } = await lockedGround(
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
    const { folder, repo, client } = await lockedGround(config, { programs });
    const { why } = await failureOf(client.head(repo, "dev"), "denied");
    const file = `${folder}/config.json`;
    expect(why).toBe(
      `The registry needs a login that is allowed to do this. It said: the login from docker-credential-one (credsStore of ${file}) was not accepted; the login from ${file} was not accepted`,
    );
  });

  it("are all left aside for a registry that asks nobody", async () => {
    const { server, repo, client } = await lockedGround(() => "no JSON", {});
    server.reply = () => null;
    expect(await client.head(repo, "dev")).toBeNull();
  });

  it("end with the error of a configuration that cannot be read, as no registry's", async () => {
    const { folder, repo, client } = await lockedGround(() => "no JSON");
    const job = { from: repo, to: [repo], digest: `sha256:${"a".repeat(64)}` };
    for (const asking of [client.head(repo, "dev"), client.copy(job)]) {
      const error = await refusalOf(asking);
      expect(error.message).toBe(`docker's configuration "${join(folder, "config.json")}" cannot be read`);
      expect(error.kind).toBe("refused");
    }
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
    const { server } = await lockedGround(() => ({}));
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
