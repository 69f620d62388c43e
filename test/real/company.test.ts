import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { must } from "../../thin_client/engine/command.ts";
import {
  type Company,
  makeCompany,
  plain,
  plainForEngine,
  plant,
  proxyLogin,
  proxyUrl,
  registries,
} from "../bed/company.ts";
import { addRemote, commitAll, git, objectsOf } from "../bed/git.ts";
import { filesWithSecrets, watchWords } from "../bed/secrets.ts";
import { story } from "../bed/story.ts";
import { change, changelog, tinyFiles, write } from "../bed/tiny_repo.ts";
import { docker, type Runtime, workflow } from "../bed/workflow.ts";

let company: Company;
beforeAll(async () => {
  company = await makeCompany();
});
afterAll(() => company?.end());

/** A repo whose image goes to the company's registries, or to others. */
async function repoOf(
  name: string,
  addresses: Readonly<Record<string, string>> = registries,
  beside = "kind: oci",
): Promise<string> {
  const repo = join(company.dir, "repos", name);
  const kinds = Object.fromEntries(Object.keys(addresses).map((one) => [one, beside]));
  write(repo, tinyFiles({ name, registries: addresses, kinds }));
  await commitAll(repo, "Start");
  await addRemote(repo);
  return repo;
}

/** What a tag is in each registry, as its own storage has it. */
const digestsOf = (name: string, tag: string): readonly (string | null)[] =>
  Object.keys(registries).map((key) => {
    const path = `docker/registry/v2/repositories/${name}/_manifests/tags/${tag}/current/link`;
    try {
      return readFileSync(join(company.dir, key, path), "utf8");
    } catch {
      return null;
    }
  });

describe.each(["tsx", "bun"] as const satisfies readonly Runtime[])(
  "over three registries with CAs of their own, under %s",
  story,
  (runtime) => {
    const name = `company-${runtime}`;
    let repo = "";
    const digests: string[] = [];
    const run = async (workflow: string, ...words: readonly string[]) => {
      const ended = await company.i(repo, runtime)(workflow, ...words, "--yes", "--json");
      expect(ended.code, `${workflow}: ${ended.stderr}`).toBe(0);
      expect(ended.stdout + ended.stderr).not.toContain(proxyLogin.password);
      return JSON.parse(ended.stdout) as { readonly digest?: string };
    };
    const release = async (version: string, ...words: readonly string[]) => {
      digests.push((await run("docker_release_dev", "--version", version, ...words)).digest ?? "");
    };

    it("a release to one is mirrored to the others by digest", async () => {
      repo = await repoOf(name);
      await release("1.0.0", "--target-registries", "r1");
      expect(digestsOf(name, "dev")).toEqual([digests[0], null, null]);
      await run("release_mirror");
      expect(digestsOf(name, "dev")).toEqual(Array(3).fill(digests[0]));
    });

    it("a release to all has one digest everywhere", async () => {
      await change(repo, {
        "changelog.txt": changelog(name, "1.1.0", "1.0.0"),
        "devops/docker_build/words.txt": "another\n",
      });
      const watching = watchWords(secrets());
      await release("1.1.0");
      expect(watching.end().found).toEqual([]);
      expect(digests[1]).not.toBe(digests[0]);
      expect(digestsOf(name, "dev")).toEqual(Array(3).fill(digests[1]));
      expect(digestsOf(name, "dev-1.1.0")).toEqual(Array(3).fill(digests[1]));
    });

    it("a rollback moves dev in all of them", async () => {
      await run("docker_rollback_dev", "--version", "1.0.0");
      expect(digestsOf(name, "dev")).toEqual(Array(3).fill(digests[0]));
    });

    it.each(Object.entries(registries))("a pull takes it from %s", async (key, address) => {
      const env = ["--host", company.env["DOCKER_HOST"] ?? ""];
      await company.run(["docker", ...env, "rmi", "--force", `${address}/${name}:dev`]);
      await run("docker_pull", "--target-registries", key);
      const names = await docker(
        ...env,
        "image",
        "inspect",
        "--format",
        "{{json .RepoDigests}}",
        `${address}/${name}:dev`,
      );
      expect(names).toContain(`${address}/${name}@${digests[0]}`);
    });

    it("doctor has a row for each: how it is reached, by which CA and login, and whether it takes an image", async () => {
      const { code, stdout, stderr } = await company.i(repo, runtime)("doctor");
      expect(code, stderr).toBe(0);
      const row = (of: string) => new RegExp(`^ok +registry ${of} +(.*)$`, "m").exec(stdout)?.[1];
      const { r3 } = company.authorities;
      expect([row("r1"), row("r2"), row("r3")]).toEqual([
        `${one}, directly, CA: ${folder}/ca.crt ${r3.cert}, client certificate: ${folder}/client.cert, no login`,
        `${two}, by proxy proxy.test:3128 (HTTPS_PROXY), CA: ${company.dir}/home/.docker/certs.d/${two}/ca.crt ${r3.cert}, no login`,
        `${three}, directly, CA: ${r3.cert}, login from ${company.dir}/home/.docker/config.json`,
      ]);
      for (const key of Object.keys(registries)) expect(stderr).toContain(`Check push access to ${key}`);
      const denied = await company.i(repo, runtime, { DOCKER_CONFIG: "/nonexistent" })("doctor");
      const row3 = /^MISSING registry r3 .* r3 answered 401\n +fix: i docker_login --target-registries r3$/m;
      expect([denied.code, denied.stdout]).toEqual([1, expect.stringMatching(row3)]);
    });

    it("neither the proxy's password nor the client's key is in any log, plan, ref or image", async () => {
      const { code, stdout, stderr } = await company.i(repo, runtime)(
        "docker_release_dev",
        ...["--version", "1.2.0", "--dry-run", "--json"],
      );
      expect(
        secrets().filter((secret) => (stdout + stderr).includes(secret)),
        `${code}`,
      ).toEqual([]);
      expect(filesWithSecrets(repo, secrets())).toEqual([]);
      const texts = await Promise.all([repo, `${repo}.git`].map(objectsOf));
      expect(secrets().filter((secret) => texts.join("\n").includes(secret))).toEqual([]);
      for (const key of Object.keys(registries))
        expect(filesWithSecrets(join(company.dir, key), secrets())).toEqual([]);
    });

    it("the proxy was asked for the one registry that is behind it, and for nothing else", () => {
      const asked = [...company.proxyLog().matchAll(/Request .*?: (\S+ \S+)/g)].map(([, line]) => line);
      // The engine looks for the base image at Docker Hub by itself.
      expect(new Set(asked)).toEqual(new Set([`CONNECT ${registries.r2}`, "CONNECT registry-1.docker.io:443"]));
    });
  },
);

/** The proxy's password, as it is sent too, and a line of the client's key. */
const secrets = (): readonly string[] => [
  proxyLogin.password,
  btoa(`${proxyLogin.user}:${proxyLogin.password}`),
  read(company.client.key).split("\n")[1] ?? "",
];

it("the proxies of docker's configuration are passed on to builds and containers, and are in no image", async () => {
  const repo = await repoOf("passed-on");
  const dockerfile = join(repo, "devops/docker_build/dev.Dockerfile");
  writeFileSync(dockerfile, `${read(dockerfile)}RUN test -n "$HTTPS_PROXY"\n`);
  await commitAll(repo, "See the proxy");
  const config = JSON.parse(read(join(company.dir, "home/.docker/config.json")));
  const own = join(company.dir, "docker_with_proxies");
  write(own, { "config.json": JSON.stringify({ ...config, proxies: { default: { httpsProxy: proxyUrl } } }) });
  symlinkSync(join(company.dir, "home/.docker/cli-plugins"), join(own, "cli-plugins"));
  const i = company.i(repo, "bun", { DOCKER_CONFIG: own, HTTPS_PROXY: undefined });
  const built = await i("docker_build_local", "--version", "1.0.0", "--yes");
  expect(built.code, built.stderr).toBe(0);
  const ran = await i(
    "docker_cmd",
    "--stage",
    "local",
    "--version",
    "1.0.0",
    "--cmd",
    'test -n "$HTTPS_PROXY"',
    "--yes",
  );
  expect(ran.code, ran.stderr).toBe(0);
  const image = `${registries.r1}/passed-on:local-root-1.0.0`;
  const host = ["--host", company.env["DOCKER_HOST"] ?? ""];
  const saved = join(company.dir, "saved");
  mkdirSync(saved);
  await docker(...host, "save", "--output", join(saved, "image.tar"), image);
  await must(["tar", "-C", saved, "-xf", join(saved, "image.tar")]);
  const told = [built, ran].map(({ stdout, stderr }) => stdout + stderr);
  told.push(await docker(...host, "history", "--no-trunc", image), await docker(...host, "image", "inspect", image));
  expect(secrets().filter((secret) => told.join("\n").includes(secret))).toEqual([]);
  expect(filesWithSecrets(saved, secrets())).toEqual([]);
  expect(filesWithSecrets(repo, secrets())).toEqual([]);
});

type Row = {
  readonly title: string;
  /** Where the image goes, and what stands beside the address. */
  readonly to: string;
  readonly beside?: string;
  /** The files below /etc/docker/certs.d in place of the company's. */
  readonly certs?: () => Readonly<Record<string, string>>;
  readonly env?: () => Readonly<Record<string, string | undefined>>;
  /** Words before the workflow's own. */
  readonly before?: readonly string[];
  /** What has to be told. */
  readonly told: readonly (string | RegExp)[];
};

const [one, two, three] = [registries.r1, registries.r2, registries.r3];
const read = (file: string) => readFileSync(file, "utf8");
const ofOne = (files: () => Readonly<Record<string, string>>) => () => {
  const all = { "ca.crt": read(company.authorities.r1.cert), ...files() };
  return Object.fromEntries(Object.entries(all).map(([name, text]) => [`docker/certs.d/${one}/${name}`, text]));
};
const cert = () => read(company.client.cert);
const key = () => read(company.client.key);
const folder = `/etc/docker/certs.d/${one}`;
const unreadable = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"];

/** Each is one thing wrong; nothing else is. */
const mistakes: readonly Row[] = [
  {
    title: "a certificate that has expired",
    to: "wrong.test:5001",
    told: ["wrong.test:5001 has a certificate that has expired", "openssl s_client -connect wrong.test:5001"],
  },
  {
    title: "a certificate of tomorrow, or a clock a day off",
    to: "wrong.test:5002",
    told: ["is not valid yet", "clock is wrong: date"],
  },
  {
    title: "a certificate of another host",
    to: "wrong.test:5003",
    told: ["has a certificate of another host", "DNS:right.test"],
  },
  {
    title: "plain http where https was asked for",
    to: "wrong.test:5004",
    told: ["speaks plain http", "insecure: true"],
  },
  {
    title: "https where plain http was asked for",
    to: one,
    beside: "kind: oci, insecure: true",
    told: ["speaks https", "insecure"],
  },
  {
    title: "a CA that is nowhere",
    to: three,
    env: () => ({ SSL_CERT_FILE: undefined }),
    told: ["of a CA that this machine does not know", `certs.d/${three}/ca.crt`],
  },
  {
    title: "a CA that is no PEM",
    to: three,
    env: () => ({ NODE_EXTRA_CA_CERTS: join(company.dir, "rubbish.crt") }),
    told: ["rubbish.crt of NODE_EXTRA_CA_CERTS holds no certificate", "openssl x509"],
  },
  {
    title: "a CA that is named and not there",
    to: three,
    env: () => ({ SSL_CERT_FILE: "/nonexistent.crt" }),
    told: ["the CA of SSL_CERT_FILE, /nonexistent.crt cannot be read (ENOENT)", "unset SSL_CERT_FILE"],
  },
  {
    title: "no client certificate",
    to: one,
    certs: ofOne(() => ({})),
    told: ["asks for a client certificate, and there is none", `${folder}/client.cert`, `${folder}/client.key`],
  },
  {
    title: "a client certificate without its key",
    to: one,
    certs: ofOne(() => ({ "client.cert": cert() })),
    told: [`${folder}/client.cert has no ${folder}/client.key beside it`],
  },
  {
    title: "a key without its client certificate",
    to: one,
    certs: ofOne(() => ({ "client.key": key() })),
    told: [`${folder}/client.key has no ${folder}/client.cert beside it`],
  },
  {
    title: "a key that permission denied read",
    to: one,
    before: unreadable,
    told: [`${folder}/client.key cannot be read (EACCES)`, 'sudo chown "$(id -un)"'],
  },
  {
    title: "a key that is encrypted",
    to: one,
    certs: ofOne(() => ({ "client.cert": cert(), "client.key": read(join(company.dir, "encrypted.key")) })),
    told: [`the key ${folder}/client.key is encrypted`, "openssl pkey"],
  },
  {
    title: "a key of another certificate",
    to: one,
    certs: ofOne(() => ({ "client.cert": cert(), "client.key": read(company.authorities.r2.key) })),
    told: [`${folder}/client.key is not the key of ${folder}/client.cert`],
  },
  {
    title: "a client certificate of another CA",
    to: one,
    certs: ofOne(() => ({
      "client.cert": read(company.authorities.r2.cert),
      "client.key": read(company.authorities.r2.key),
    })),
    told: [`does not take the client certificate ${folder}/client.cert`],
  },
  {
    title: "a proxy that is down",
    to: two,
    env: () => ({ HTTPS_PROXY: "http://proxy.test:9" }),
    told: ["the proxy proxy.test:9 (HTTPS_PROXY) does not answer", "ECONNREFUSED", "export HTTPS_PROXY="],
  },
  {
    title: "a proxy that nobody knows",
    to: two,
    env: () => ({ https_proxy: "http://nobody.test:3128" }),
    told: ["the proxy nobody.test:3128 (https_proxy) does not answer", "export https_proxy="],
  },
  {
    title: "a proxy that wants a password",
    to: two,
    env: () => ({ HTTPS_PROXY: "http://proxy.test:3128" }),
    told: ["asks for a login", "407", "USER:PASSWORD@proxy.test:3128"],
  },
  {
    title: "a proxy with another password",
    to: two,
    env: () => ({ HTTPS_PROXY: `http://bob:planted-wrong-11aa@proxy.test:3128` }),
    told: ["does not take its user and password", "USER:PASSWORD@proxy.test:3128"],
  },
  {
    title: "a proxy that hangs",
    to: two,
    env: () => ({ HTTPS_PROXY: "http://proxy.test:3129" }),
    told: ["the proxy proxy.test:3129 (HTTPS_PROXY) does not answer", "said nothing"],
  },
  {
    title: "a proxy that does not know the host",
    to: "nowhere.test:5000",
    told: ["gives no way to nowhere.test:5000"],
  },
  {
    title: "a proxy of another kind",
    to: two,
    env: () => ({ HTTPS_PROXY: "socks5://bob:planted-wrong-11aa@proxy.test:1080" }),
    told: ["HTTPS_PROXY is no URL of a proxy", "export HTTPS_PROXY=http://HOST:PORT"],
  },
  {
    title: "a NO_PROXY that was to match",
    to: one,
    env: () => ({ HTTPS_PROXY: "http://proxy.test:9", NO_PROXY: `other.test,${one}` }),
    told: [`NO_PROXY has ${one}, which matches no host`, "export NO_PROXY=other.test,registry.one.test"],
  },
];

const literal = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));

/** All that a release could change: the registries' storage, the remote's refs, the engine's images, the work tree. */
async function stateOf(repo: string): Promise<unknown> {
  const stored = Object.keys(registries).map(
    (name) => readdirSync(join(company.dir, name), { recursive: true }).length,
  );
  const [refs, tree, images] = await Promise.all([
    git(repo, "ls-remote", "origin"),
    git(repo, "status", "--porcelain", "--ignored"),
    docker("--host", company.env["DOCKER_HOST"] ?? "", "images", "--all", "--digests"),
  ]);
  return [stored, refs, tree, images.split("\n").sort()];
}

describe("what is wrong is told with the line to type, and nothing is changed", () => {
  beforeAll(async () => {
    await plant(company);
  });

  it.each([
    ["repo_config.yaml", plain, "kind: oci, insecure: true"],
    ["the engine", plainForEngine, "kind: oci"],
  ])("but plain http is spoken where %s names the registry as insecure", async (by, to, beside) => {
    const repo = await repoOf(by.replace(/\W/g, "-"), { mine: to }, beside);
    const { code, stdout, stderr } = await company.i(repo, "bun")("doctor");
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain(`${to}, directly, plain http, no login`);
    expect(stderr).toContain("Check push access to mine");
  });

  it.each(mistakes)("$title", async ({ title, to, beside, certs, env, before = [], told }) => {
    const name = title.replace(/[^a-z]+/gi, "-").toLowerCase();
    const repo = await repoOf(name, { mine: to }, beside);
    const etc = certs ? join(company.dir, "etcs", name) : join(company.dir, "etc");
    if (certs) write(etc, { hosts: read(join(company.dir, "etc/hosts")), ...certs() });
    const start = await stateOf(repo);
    const began = Date.now();
    const line = [...before, ...workflow("bun", "docker_release_dev", "--version", "1.0.0", "--yes")];
    const { code, stdout, stderr } = await company.run(line, { cwd: repo, etc, env: { ...company.env, ...env?.() } });
    const took = Date.now() - began;
    expect(code).not.toBe(0);
    expect(took).toBeLessThan(10_000);
    for (const words of told) expect(stderr).toMatch(typeof words === "string" ? literal(words) : words);
    expect(stderr).toContain("fix: ");
    expect(stderr + stdout).not.toMatch(/planted-|PRIVATE KEY/);
    // Logs and records are kept in the clone, claims and the log in its remote.
    const kept = [repo, `${repo}.git`].flatMap((dir) => filesWithSecrets(dir, [...secrets(), "planted-"]));
    expect(kept).toEqual([]);
    expect(await stateOf(repo)).toEqual(start);
  });
});
