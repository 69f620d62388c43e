import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { readDockerConfig } from "../../lib/oci/docker_config.ts";
import { refusalOf } from "../unit/factory.ts";
import { brought, clientOf, dockerFolder, envOf, failureOf, lockedGround, right, says } from "./registry_ground.ts";

describe("a credential helper", () => {
  const helped = (program: string, more: Parameters<typeof lockedGround>[1] = {}) =>
    lockedGround((address) => ({ credHelpers: { [address]: "vault" } }), {
      programs: { "docker-credential-vault": program },
      ...more,
    });
  const notes = "The registry needs a login that is allowed to do this. It said: ";
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
    const { folder, repo, client } = await lockedGround(() => ({ credsStore: "nowhere" }));
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
    const { folder, repo, client } = await lockedGround(() => ({ credsStore: name }));
    const { why, fix } = await failureOf(client.head(repo, "dev"), "denied");
    const shown = `docker-credential-${name.trim()} (credsStore of ${folder}/config.json)`;
    expect(why).toBe(`${notes}${shown} is no name of a program`);
    expect(fix).toBe(`Correct it in ${folder}/config.json`);
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
