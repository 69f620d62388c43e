import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { must } from "../../thin_client/engine/command.ts";
import { type FaultGround, keys } from "./fault_ground.ts";
import type { Asked, Fault } from "./faulty_proxy.ts";
import type { Login } from "./token_server.ts";

/** A secret of this test file's own: others look at the processes of the machine too. */
const run = crypto.randomUUID().slice(0, 8);
const plant = (name: string) => `planted-${name}-${run}`;

/** What no other file, argument, message or ref may hold. */
export const login: Login = { user: "ada", password: plant("password") };
export const identity = plant("identity");
export const apiKey = plant("api-key");
export const dotEnvKey = plant("dotenv-key");
export const githubToken = plant("github-token");
const basic = btoa(`${login.user}:${login.password}`);
/** Variables of whoever types, as laptops and CI have them; the URLs and proxies lead nowhere. */
export const variables = {
  PLANTED_API_KEY: apiKey,
  GITHUB_TOKEN: githubToken,
  GH_TOKEN: plant("gh"),
  NPM_TOKEN: plant("npm"),
  PIP_INDEX_URL: `https://ada:${plant("pip-index")}@pypi.invalid/simple`,
  POETRY_HTTP_BASIC_TEAM_PASSWORD: plant("poetry"),
  TWINE_PASSWORD: plant("twine"),
  AWS_ACCESS_KEY_ID: plant("aws-id"),
  AWS_SECRET_ACCESS_KEY: plant("aws-secret"),
  AWS_SESSION_TOKEN: plant("aws-session"),
  SLACK_WEBHOOK_URL: `https://hooks.invalid/services/${plant("webhook")}`,
  HTTP_PROXY: `http://ada:${plant("http-proxy")}@proxy.invalid:3128`,
  HTTPS_PROXY: `http://ada:${plant("https-proxy")}@proxy.invalid:3128`,
  NO_PROXY: "127.0.0.0/8,localhost",
  DATABASE_URL: `postgres://ada:${plant("database")}@db.invalid/app`,
  OPENAI_API_KEY: plant("openai"),
  VAULT_TOKEN: plant("vault"),
  COSIGN_PASSWORD: plant("cosign"),
  SSH_KEY_PASSPHRASE: plant("passphrase"),
  PLANTED_BUILD_TOKEN: plant("build"),
} as const;
/** Files of a home, as the tools of a developer keep their logins. */
const files = {
  ".npmrc": `//npm.invalid/:_authToken=${plant("npmrc")}\n`,
  ".netrc": `machine git.invalid login ada password ${plant("netrc")}\n`,
  ".git-credentials": `https://ada:${plant("git")}@git.invalid\n`,
  ".config/pip/pip.conf": `[global]\nindex-url = https://ada:${plant("pip-conf")}@pypi.invalid/simple\n`,
  ".config/gh/hosts.yml": `github.com:\n  oauth_token: ${plant("gh-hosts")}\n`,
  ".aws/credentials": `[default]\naws_access_key_id = x\naws_secret_access_key = ${plant("aws-file")}\n`,
  ".ssh/id_ed25519": `-----BEGIN OPENSSH PRIVATE KEY-----\n${plant("ssh-key")}\n-----END OPENSSH PRIVATE KEY-----\n`,
  ".docker/certs.d/registry.invalid/client.key": `-----BEGIN PRIVATE KEY-----\n${plant("client-key")}\n`,
} as const;
/** The login to a registry that nobody asks. */
const other = { password: plant("other-registry"), identity: plant("other-identity") };
const others = {
  "other.invalid": { auth: btoa(`ada:${other.password}`) },
  "another.invalid": { auth: btoa("ada:"), identitytoken: other.identity },
};
export const secrets: readonly string[] = [
  ...[login.password, basic, identity, dotEnvKey, other.password, btoa(`ada:${other.password}`), other.identity],
  ...Object.values(variables)
    .map((value) => /planted-[\w-]+/.exec(value)?.[0] ?? "")
    .filter(Boolean),
  ...Object.values(files).map((text) => /planted-[\w-]+/.exec(text)?.[0] ?? ""),
];

/** A program that gives credentials as docker's helpers do. */
const helper = `#!/bin/sh\ncat > /dev/null\necho '{"Username":"${login.user}","Secret":"${login.password}"}'\n`;

type Ground = Pick<FaultGround, "proxies">;
const forAll = <T>(ground: Ground, value: T): Readonly<Record<string, T>> =>
  Object.fromEntries(keys.map((key) => [ground.proxies[key].address, value]));

/** Every form in which docker's configuration leads to credentials. */
export const forms: Readonly<Record<string, (ground: Ground) => DockerConfig>> = {
  auths: (ground) => ({ auths: forAll(ground, { auth: basic }) }),
  identitytoken: (ground) => ({ auths: forAll(ground, { auth: btoa(`${login.user}:`), identitytoken: identity }) }),
  credHelpers: (ground) => ({ credHelpers: forAll(ground, "planted") }),
  credsStore: (ground) => ({ auths: forAll(ground, {}), credsStore: "planted" }),
};

export type DockerConfig = {
  readonly proxies?: object;
  readonly auths?: object;
  readonly credHelpers?: object;
  readonly credsStore?: string;
};
const withOthers = ({ auths = {}, ...more }: DockerConfig) => ({ ...more, auths: { ...others, ...auths } });

/** A home of one form: docker's configuration, the helper on PATH, secrets in the environment. Only its user may read it. */
export function homeWith(
  dir: string,
  config: DockerConfig | string,
  program = helper,
): Readonly<Record<string, string>> {
  const [docker, bin, temporary] = [join(dir, ".docker"), join(dir, "bin"), join(dir, "tmp")];
  for (const folder of [docker, bin, temporary]) mkdirSync(folder, { recursive: true });
  symlinkSync(join(process.env["DOCKER_CONFIG"] ?? "/root/.docker", "cli-plugins"), join(docker, "cli-plugins"));
  const written = typeof config === "string" ? config : JSON.stringify(withOthers(config));
  for (const [name, text] of Object.entries({ ...files, ".docker/config.json": written })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text, { mode: 0o600 });
  }
  writeFileSync(join(bin, "docker-credential-planted"), program, { mode: 0o700 });
  chmodSync(join(bin, "docker-credential-planted"), 0o700);
  const path = `${bin}:${process.env["PATH"]}`;
  return { ...variables, HOME: dir, DOCKER_CONFIG: docker, PATH: path, TMPDIR: temporary };
}

/** The files of a home in which its secrets may stand, and in no other; each for its user alone. */
export const ownFiles = (dir: string): readonly string[] =>
  [...Object.keys(files), ".docker/config.json", "bin/docker-credential-planted"].map((name) => join(dir, name));

type Wanted = { readonly login?: Login; readonly echoes?: (asked: Asked) => boolean };

/** A registry that wants a password with each request (RFC 7617), and can say it back when it refuses one. */
export function passwordOnly({ login: own = login, echoes = () => false }: Wanted = {}): Fault {
  const wanted = `Basic ${btoa(`${own.user}:${own.password}`)}`;
  return (asked) => {
    const headers = { "content-type": "application/json", "www-authenticate": 'Basic realm="planted"' };
    if (asked.authorization !== wanted) return { kind: "reply", aside: true, status: 401, headers, body: "{}" };
    if (!echoes(asked)) return null;
    const message = `not with ${asked.authorization} of ${own.user}:${own.password}`;
    return { kind: "reply", status: 400, headers, body: JSON.stringify({ errors: [{ code: "DENIED", message }] }) };
  };
}

/**
 * Looks at the words of every process of the machine until it is ended; gives those that held a secret. A watch that
 * hardly looked has seen nothing, and is an error.
 */
export function watchWords(planted: readonly string[] = secrets) {
  const found = new Set<string>();
  let looks = 0;
  const look = () => {
    looks += 1;
    for (const pid of readdirSync("/proc")) {
      if (!/^\d+$/.test(pid)) continue;
      const words = readText(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      if (planted.some((secret) => words.includes(secret))) found.add(words);
    }
  };
  const timer = setInterval(look, 5);
  return {
    looks: () => looks,
    end: () => {
      clearInterval(timer);
      if (looks < 10) throw new Error(`looked at the processes ${looks} times only`);
      return { found: [...found], looks };
    },
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** What of an image holds a secret, of its layers, config and history: each is looked at unpacked. */
export async function partsWithSecrets(reference: string, dir: string): Promise<readonly string[]> {
  await must(["sh", "-ec", 'docker save "$1" | tar -x -C "$2"', "sh", reference, dir]);
  const parts = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  if (parts.length < 3) throw new Error(`${reference} has ${parts.length} parts only`);
  return parts
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path);
      const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("latin1");
      return secrets.some((secret) => text.includes(secret));
    });
}

/** The files below a folder that hold a secret, with their mode. */
export function filesWithSecrets(
  dir: string,
  planted: readonly string[] = secrets,
): readonly { readonly path: string; readonly mode: string }[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => planted.some((secret) => readText(path).includes(secret)))
    .map((path) => ({ path, mode: (statSync(path).mode & 0o777).toString(8) }));
}
