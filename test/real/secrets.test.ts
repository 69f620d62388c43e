import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../thin_client/engine/command.ts";
import { type FaultGround, keys, makeFaultGround } from "../bed/fault_ground.ts";
import type { Fault } from "../bed/faulty_proxy.ts";
import { git, objectsOf } from "../bed/git.ts";
import { needs } from "../bed/parts.ts";
import {
  dotEnvKey,
  filesWithSecrets,
  forms,
  githubToken,
  homeWith,
  identity,
  login,
  ownFiles,
  partsWithSecrets,
  passwordOnly,
  secrets,
  variables,
  watchWords,
} from "../bed/secrets.ts";
import { expiringTokens } from "../bed/token_server.ts";
import { docker, workflowsIn } from "../bed/workflow.ts";

let ground: FaultGround;
const told: string[] = [];
beforeAll(async () => {
  ground = await makeFaultGround();
});
afterAll(async () => {
  process.stdout.write(`${told.join("\n")}\n`);
  await ground.end();
});

/** Has no password: what lets in is the identity token. */
const nobody = { user: "nobody", password: "none" };
const held = (text: string) => secrets.filter((secret) => text.includes(secret));
const faultOf = (form: string): Fault =>
  form === "identitytoken" ? expiringTokens(nobody, { uses: 1000, identity }) : passwordOnly();
function lock(name: string, fault: Fault): void {
  // Who logs in asks for no image.
  for (const key of keys) for (const image of [name, ""]) ground.proxies[key].fault(image, fault);
}

/** A repo of a form, with a home that holds secrets and a `.env` that holds one more. */
async function planted(form: string, config: Parameters<typeof homeWith>[1] = {}) {
  const name = `with-${form.toLowerCase()}`;
  const repo = await ground.repo(name);
  const home = join(ground.dir, `home-${form}`);
  mkdirSync(home, { mode: 0o700 });
  const env = homeWith(home, config);
  writeFileSync(join(repo.dir, ".git/info/exclude"), ".env\n");
  writeFileSync(join(repo.dir, ".env"), `DOTENV_API_KEY=${dotEnvKey}\n`, { mode: 0o600 });
  return { name, repo, home, env, i: workflowsIn(repo.dir, { env, input: login.password }) };
}

/** All that repos hold: their refs, and objects of every kind. */
async function gitTexts(...dirs: readonly string[]): Promise<string> {
  const texts = dirs.map(async (dir) => [await git(dir, "for-each-ref"), await objectsOf(dir)].join("\n"));
  return (await Promise.all(texts)).join("\n");
}

describe.each(Object.keys(forms))("credentials by %s", (form) => {
  it("reach the registries and nothing else", async () => {
    const { name, repo, home, i } = await planted(form, forms[form]?.(ground));
    lock(name, faultOf(form));
    const watching = watchWords();
    const plan = await i("docker_release_dev", "--version", "1.0.0", "--dry-run", "--json");
    const released = await i("docker_release_dev", "--version", "1.0.0");
    const status = await i("release_status", "--json");
    const { found, looks } = watching.end();
    told.push(
      `${form.padEnd(16)}release ${released.code}, ${looks} looks at all processes, ${found.length} with a secret`,
    );
    expect([plan.code, released.code, status.code], released.stderr).toEqual([0, 0, 0]);
    expect([plan, released, status].flatMap(({ stdout, stderr }) => held(stdout + stderr))).toEqual([]);
    expect(found).toEqual([]);
    const texts = await gitTexts(repo.dir, repo.remote);
    expect(texts).toContain('"type":"release"');
    expect(held(texts)).toEqual([]);
    expect(held(await docker("image", "inspect", `${ground.proxies.r1.address}/${name}:dev`))).toEqual([]);
    expect(filesWithSecrets(repo.dir)).toEqual([{ path: join(repo.dir, ".env"), mode: "600" }]);
    const own = ownFiles(home);
    expect(filesWithSecrets(home).filter(({ path, mode }) => !own.includes(path) || !/^[67]00$/.test(mode))).toEqual(
      [],
    );
    expect(readdirSync(join(home, "tmp"))).toEqual([]);
  });
});

describe("a secret", () => {
  it("in the words of a process is seen by who looks, and in a file too", async () => {
    // Others look for the planted ones meanwhile.
    const word = "planted-to-be-seen-3c07";
    const watching = watchWords([word]);
    const holder = spawn("sh", ["-c", "read -r line", word]);
    expect(await until(() => watching.looks() >= 10, 300_000)).toBe(true);
    holder.kill();
    expect(watching.end().found).toEqual([expect.stringContaining(word)]);
    writeFileSync(join(ground.dir, "open"), word, { mode: 0o644 });
    expect(filesWithSecrets(ground.dir, [word])).toEqual([{ path: join(ground.dir, "open"), mode: "644" }]);
    rmSync(join(ground.dir, "open"));
  });

  it("that a registry says back is in no error and no log", async () => {
    const { name, repo, i } = await planted("echo", forms["auths"]?.(ground));
    lock(name, passwordOnly({ echoes: ({ method, path }) => method === "PUT" && path.endsWith("/manifests/dev") }));
    const { code, stdout, stderr } = await i("docker_release_dev", "--version", "1.0.0", "--json");
    expect(code).toBe(1);
    expect(stderr).toContain("DENIED: not with Basic *** of ada:***");
    expect(held(stdout + stderr)).toEqual([]);
    expect(filesWithSecrets(repo.dir).map(({ path }) => path)).toEqual([join(repo.dir, ".env")]);
  });

  it("that is typed for a login reaches docker alone", async () => {
    const { name, home, i } = await planted("stdin", {});
    lock(name, passwordOnly());
    const watching = watchWords();
    const words = ["--target-registries", "r1", "--username", login.user, "--password-stdin"] as const;
    const plan = await i("docker_login", ...words, "--dry-run", "--json");
    const logged = await i("docker_login", ...words);
    expect(logged.code, logged.stderr).toBe(0);
    expect(watching.end().found).toEqual([]);
    expect(held(plan.stdout + plan.stderr + logged.stdout + logged.stderr)).toEqual([]);
    expect(
      filesWithSecrets(home).filter(({ path, mode }) => !ownFiles(home).includes(path) || !/^[67]00$/.test(mode)),
    ).toEqual([]);
    expect(readFileSync(join(home, ".docker/config.json"), "utf8")).toContain(btoa(`${login.user}:${login.password}`));
  });

  it("in a variable or in .env reaches a container where it is named, by its name alone, and typed text stays nowhere", async () => {
    const { name, repo, env } = await planted("env", {});
    const i = workflowsIn(repo.dir, { env: { ...env, SLIPWAY_DOTENV_ALLOW: "DOTENV_API_KEY" } });
    await docker("tag", "slipway/tiny:1", `${ground.proxies.r1.address}/${name}:dev`);
    const none = await i("docker_cmd", "--cmd", `env | grep -c -e '_API_KEY' -e ${login.password}`);
    expect([none.code, none.stdout], none.stderr).toEqual([1, "0\n"]);
    const config = join(repo.dir, "repo_config.yaml");
    writeFileSync(
      config,
      `${readFileSync(config, "utf8")}\ncontainer: {pass_env: [PLANTED_API_KEY, DOTENV_API_KEY]}\n`,
    );
    const untrusted = await i("docker_cmd", "--cmd", "true");
    expect([untrusted.code, untrusted.stderr]).toEqual([
      2,
      expect.stringContaining("fix: Read the list and allow it: i trust"),
    ]);
    expect((await i("trust", "--yes")).code).toBe(0);
    const watching = watchWords();
    const plan = await i("docker_cmd", "--dry-run", "--json", "--", "true");
    const text = 'test -n "$PLANTED_API_KEY" && test -n "$DOTENV_API_KEY" && echo both';
    const ran = await i("docker_cmd", "--cmd", text);
    expect([ran.code, ran.stdout], ran.stderr).toEqual([0, "both\n"]);
    expect(watching.end().found).toEqual([]);
    expect(held(plan.stdout + plan.stderr + ran.stdout + ran.stderr)).toEqual([]);
    expect(filesWithSecrets(repo.dir)).toEqual([{ path: join(repo.dir, ".env"), mode: "600" }]);
  });

  it("that a build asks for, or that its proxy wants, is in no part of the image", async () => {
    await needs("tiny");
    const proxies = { default: { httpProxy: variables.HTTP_PROXY, noProxy: variables.NO_PROXY } };
    const { name, repo, home, i } = await planted("built", { proxies });
    const lines = (leak: string) =>
      ["FROM slipway/tiny:1", "COPY devops/docker_build/words.txt /words.txt"]
        .concat(`RUN --mount=type=secret,id=PLANTED_BUILD_TOKEN test -s /run/secrets/PLANTED_BUILD_TOKEN${leak}`)
        .join("\n");
    const build = async (leak: string) => {
      writeFileSync(join(repo.dir, "devops/docker_build/dev.Dockerfile"), `${lines(leak)}\n`);
      const words = ["--version", "1.0.0", "--poetry-mode", "no_update", "--secret", "PLANTED_BUILD_TOKEN"];
      return i("docker_build_local", ...words);
    };
    const holding = async (folder: string) => {
      mkdirSync(join(ground.dir, folder));
      return partsWithSecrets(`${ground.proxies.r1.address}/${name}:local-root-1.0.0`, join(ground.dir, folder));
    };
    const watching = watchWords();
    const built = await build("");
    expect(built.code, built.stderr).toBe(0);
    expect([watching.end().found, held(built.stdout + built.stderr), await holding("kept")]).toEqual([[], [], []]);
    expect(filesWithSecrets(repo.dir).map(({ path }) => path)).toEqual([join(repo.dir, ".env")]);
    expect(readdirSync(join(home, "tmp"))).toEqual([]);
    // A Dockerfile that keeps it is seen.
    expect((await build(" && cp /run/secrets/PLANTED_BUILD_TOKEN /kept")).code).toBe(0);
    expect(await holding("leaked")).toHaveLength(1);
  });

  it("GITHUB_TOKEN goes from one program to the other, and stands in no plan", async () => {
    const { name, repo, home, i } = await planted("github", {});
    const { address } = ground.proxies.r1;
    const registry = `container_registry_info: {ghcr: {address: "${address}", kind: ghcr}}`;
    writeFileSync(join(repo.dir, "repo_config.yaml"), `docker_info: {docker_image_name: ${name}}\n${registry}\n`);
    lock(name, passwordOnly({ login: { user: "root", password: githubToken } }));
    const watching = watchWords();
    const plan = await i("docker_login", "--dry-run", "--json");
    const logged = await i("docker_login");
    expect([plan.code, logged.code], plan.stderr + logged.stderr).toEqual([0, 0]);
    const { auths } = JSON.parse(readFileSync(join(home, ".docker/config.json"), "utf8"));
    expect(auths[address].auth).toBe(btoa(`root:${githubToken}`));
    expect(JSON.parse(plan.stdout)).toMatchObject({ steps: [{ do: [{ input: ["printenv", "GITHUB_TOKEN"] }] }] });
    expect(watching.end().found).toEqual([]);
    expect(held(plan.stdout + plan.stderr + logged.stdout + logged.stderr)).toEqual([]);
    expect(filesWithSecrets(repo.dir)).toEqual([{ path: join(repo.dir, ".env"), mode: "600" }]);
  });
});
