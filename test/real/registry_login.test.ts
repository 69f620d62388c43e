import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registryClient, repositoryOf } from "../../lib/oci/registry.ts";
import { must } from "../../thin_client/engine/command.ts";
import { handImage, pushByHand } from "../bed/hand_image.ts";
import type { Passed } from "../bed/meddling_proxy.ts";
import { startProxy } from "../bed/meddling_proxy.ts";
import { digestAt } from "../bed/oracle.ts";
import { needs } from "../bed/parts.ts";
import type { TestRegistry } from "../bed/registry.ts";
import { freeAddress, startRegistry } from "../bed/registry.ts";
import { docker, dropImages } from "../bed/workflow.ts";

const login = { user: "AWS", password: "s3cret:word" };
const image = handImage("locked");
const repo = (address: string, kind: "oci" | "ecr" = "oci") =>
  repositoryOf({ name: "ck", kind, required: true, address, region: "eu-north-1" }, "cmamp");

let folder = "";
let locked: TestRegistry;
let open: TestRegistry;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-login-"));
  [locked, open] = await Promise.all([startRegistry({ login }), startRegistry()]);
  await pushByHand(repo(locked.address), image, { tag: "dev", login: `${login.user}:${login.password}` });
  await pushByHand(repo(open.address), image, { tag: "dev" });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([locked.stop(), open.stop()]);
});

/** A client whose docker configuration is this, and whose PATH begins with a folder of these programs. */
function client(config: unknown, programs: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(folder, "home-"));
  writeFileSync(join(home, "config.json"), JSON.stringify(config));
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(home, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(home, name), 0o755);
  }
  return { home, ...registryClient({ env: { DOCKER_CONFIG: home, PATH: `${home}:${process.env["PATH"]}` } }) };
}
const stored = (password: string) => ({ auths: { [locked.address]: { auth: btoa(`${login.user}:${password}`) } } });
const says = (secret: string) => `cat >"$0.in"; printf '{"Username":"AWS","Secret":"${secret}"}'`;

describe("login", () => {
  it("pulls and pushes with the login of docker's configuration", async () => {
    const own = client(stored(login.password));
    expect(await own.head(repo(locked.address), "dev")).toMatchObject({ digest: image.digest });
    const job = { from: repo(open.address), to: [repo(`${locked.address}/new`)], digest: image.digest, tag: "dev" };
    expect(await own.copy(job)).toMatchObject([{ outcome: "copied" }]);
  });

  it("asks once without a login, and never again", async () => {
    const own = client(stored(login.password));
    locked.forget();
    for (const tag of ["dev", "dev", "prod"]) await own.head(repo(locked.address), tag);
    expect(locked.requests().map(({ status }) => status)).toEqual([401, 200, 200, 404]);
  });

  it("calls a wrong password denied, and shows no secret", async () => {
    const error = await client(stored("wr0ng-word"))
      .head(repo(locked.address), "dev")
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: "denied", registry: "ck", fix: "i docker_login --target-registries ck" });
    const shown = JSON.stringify(error) + String((error as Error).stack);
    expect(shown).not.toContain("wr0ng-word");
    expect(shown).not.toContain(btoa("AWS:wr0ng-word"));
  });

  it("asks the credential helper of the host, which reads the host from its input", async () => {
    const config = { credHelpers: { [locked.address]: "vault" }, credsStore: "none" };
    const own = client(config, { "docker-credential-vault": says(login.password) });
    await own.assertCanPush(repo(locked.address));
    expect(readFileSync(join(own.home, "docker-credential-vault.in"), "utf8")).toBe(locked.address);
  });

  it("says that a helper is not installed", async () => {
    await expect(client({ credsStore: "nowhere" }).head(repo(locked.address), "dev")).rejects.toMatchObject({
      reason: "denied",
      why: expect.stringMatching(/docker-credential-nowhere \(credsStore of .*config.json\) is not installed/),
    });
  });

  it("asks the AWS command line when docker's login to ECR has run out", async () => {
    const own = client(stored("yesterday"), { aws: `echo "$@" >"$0.in"; echo '${login.password}'` });
    expect(await own.head(repo(locked.address, "ecr"), "dev")).toMatchObject({ digest: image.digest });
    expect(readFileSync(join(own.home, "aws.in"), "utf8")).toBe("ecr get-login-password --region eu-north-1\n");
  });

  it("says that docker's configuration is no JSON where a login is wanted", async () => {
    const { home } = client({});
    writeFileSync(join(home, "config.json"), "{auths");
    const own = registryClient({ env: { DOCKER_CONFIG: home } });
    expect(await own.head(repo(open.address), "dev")).toMatchObject({ digest: image.digest });
    await expect(own.head(repo(locked.address), "dev")).rejects.toMatchObject({
      message: `docker's configuration "${join(home, "config.json")}" cannot be read`,
      why: expect.stringContaining("It is not JSON"),
    });
  });

  it("needs no docker configuration", async () => {
    const own = registryClient({ env: { DOCKER_CONFIG: join(folder, "nowhere") } });
    expect(await own.head(repo(open.address), "dev")).toMatchObject({ digest: image.digest });
    await expect(own.head(repo(locked.address), "dev")).rejects.toMatchObject({ reason: "denied" });
  });
});

describe("an address of IPv6 with a namespace of several levels", () => {
  it("is one to the engine, to Slipway and to skopeo, with its login", async () => {
    await needs("engine", "tiny");
    const address = `[::1]:${(await freeAddress()).split(":")[1]}`;
    const six = await startRegistry({ address, login });
    const named = `${six.address}/acme/team/platform/cmamp`;
    const own = client({ auths: { [six.address]: { auth: btoa(`${login.user}:${login.password}`) } } });
    await docker("tag", "slipway/tiny:1", `${named}:dev`);
    await must(["docker", "--config", own.home, "push", `${named}:dev`]);
    const from = repo(`${six.address}/acme/team/platform`);
    expect(from.reference).toBe(named);
    const found = await own.head(from, "dev");
    const job = { from, to: [repo(`${open.address}/a/b/c`)], digest: found?.digest ?? "", tag: "dev" };
    expect(await own.copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect(await digestAt(`${open.address}/a/b/c/cmamp:dev`)).toBe(found?.digest);
    await dropImages([six.address]);
    await six.stop();
  });
});

describe("tokens", () => {
  /** Asks for a Bearer token as ghcr.io does, and takes each token only so many times. */
  async function tokenProxy(uses: number, target: string, isElsewhere = false) {
    /** Each token with how often it may still be used. */
    const left = new Map<string | undefined, number>();
    const asked: Passed[] = [];
    const reply = (passed: Passed) => {
      if (passed.path === "/token") {
        asked.push(passed);
        if (passed.authorization !== `Basic ${btoa(`AWS:${login.password}`)}`) return { status: 401 };
        const token = `token-${left.size + 1}`;
        left.set(`Bearer ${token}`, uses);
        return { status: 200, body: JSON.stringify({ token, expires_in: 300 }) };
      }
      const more = left.get(passed.authorization) ?? 0;
      if (more > 0) {
        left.set(passed.authorization, more - 1);
        return null;
      }
      const realm = `Bearer realm="http://${tokens.address}/token",service="test"`;
      return { status: 401, headers: { "www-authenticate": realm } };
    };
    const [proxy, other] = [await startProxy(target, { reply }), await startProxy(target, { reply })];
    const tokens = isElsewhere ? other : proxy;
    const stop = () => Promise.all([proxy.stop(), other.stop()]);
    return { proxy, tokens, asked, stop };
  }
  const loginFor = (address: string) => ({ auths: { [address]: { auth: btoa(`AWS:${login.password}`) } } });

  it("asks for the scope it needs and fetches a new token in mid-run", async () => {
    const target = await startRegistry();
    const { proxy, asked, stop } = await tokenProxy(4, target.address);
    const job = { from: repo(open.address), to: [repo(proxy.address)], digest: image.digest, tag: "dev" };
    expect(await client(loginFor(proxy.address)).copy(job)).toMatchObject([{ outcome: "copied" }]);
    expect(asked.length).toBeGreaterThan(2);
    const scopes = new Set(asked.map(({ query }) => query.getAll("scope").join(" ")));
    expect([...scopes]).toEqual(["repository:cmamp:pull", "repository:cmamp:pull,push"]);
    await Promise.all([stop(), target.stop()]);
  });

  it("come from another host where the config names it, and from nowhere else", async () => {
    const target = await startRegistry();
    const { proxy, tokens, asked, stop } = await tokenProxy(100, target.address, true);
    const own = client(loginFor(proxy.address));
    const to = repo(proxy.address);
    const job = { from: repo(open.address), digest: image.digest, tag: "dev" };
    const message = `cannot log in to ck: it wants the login for ${proxy.address} sent to ${tokens.address}`;
    expect(await own.copy({ ...job, to: [to] })).toMatchObject([{ outcome: "error", error: { message } }]);
    expect([asked, tokens.passed]).toEqual([[], []]);
    const named = { ...to, tokenServer: tokens.address };
    expect(await own.copy({ ...job, to: [named] })).toMatchObject([{ outcome: "copied" }]);
    expect(asked.length).toBeGreaterThan(0);
    await Promise.all([stop(), target.stop()]);
  });

  it("asks for both repositories when it mounts", async () => {
    const { proxy, asked, stop } = await tokenProxy(100, open.address);
    const job = { from: repo(proxy.address), to: [repo(`${proxy.address}/team`)], digest: image.digest, tag: "dev" };
    expect(await client(loginFor(proxy.address)).copy(job)).toMatchObject([{ outcome: "copied" }]);
    const scopes = asked.map(({ query }) => query.getAll("scope").join(" "));
    expect(scopes).toContain("repository:cmamp:pull repository:team/cmamp:pull,push");
    await stop();
  });
});
