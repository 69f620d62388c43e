import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Company, makeCompany, plant, proxyLogin, registries } from "../bed/company.ts";
import { addRemote, commitAll } from "../bed/git.ts";
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
      await release("1.1.0");
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

    it("the proxy was asked for the one registry that is behind it, and for nothing else", () => {
      const asked = [...company.proxyLog().matchAll(/Request .*?: (\S+ \S+)/g)].map(([, line]) => line);
      // The engine looks for the base image at Docker Hub by itself.
    expect(new Set(asked)).toEqual(new Set([`CONNECT ${registries.r2}`, "CONNECT registry-1.docker.io:443"]));
    });
  },
);

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
    title: "a key that this user may not read",
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
    company.run(["git", "-C", `${repo}.git`, "for-each-ref"]),
    company.run(["git", "-C", repo, "status", "--porcelain", "--ignored"]),
    company.run(["docker", "images", "--all", "--digests"]),
  ]);
  return [stored, refs.stdout, tree.stdout, images.stdout.split("\n").sort()];
}

describe("what is wrong is told with the line to type, and nothing is changed", () => {
  beforeAll(async () => {
    await plant(company);
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
    expect(await stateOf(repo)).toEqual(start);
  });
});
