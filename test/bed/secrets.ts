import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FaultGround, keys } from "./fault_ground.ts";
import type { Asked, Fault } from "./faulty_proxy.ts";
import type { Login } from "./token_server.ts";

/** What no other file, argument, message or ref may hold. */
export const login: Login = { user: "ada", password: "planted-password-1f7e" };
export const identity = "planted-identity-77ab";
export const apiKey = "planted-api-key-90cd";
export const dotEnvKey = "planted-dotenv-key-41aa";
export const githubToken = "planted-github-token-52bb";
const basic = btoa(`${login.user}:${login.password}`);
export const secrets = [login.password, basic, identity, apiKey, dotEnvKey, githubToken] as const;

/** A program that gives credentials as docker's helpers do. */
const helper = `#!/bin/sh\ncat > /dev/null\necho '{"Username":"${login.user}","Secret":"${login.password}"}'\n`;

type Ground = Pick<FaultGround, "proxies">;
const forAll = <T>(ground: Ground, value: T): Readonly<Record<string, T>> =>
  Object.fromEntries(keys.map((key) => [ground.proxies[key].address, value]));

/** Every form in which docker's configuration leads to credentials. */
export const forms: Readonly<Record<string, (ground: Ground) => unknown>> = {
  auths: (ground) => ({ auths: forAll(ground, { auth: basic }) }),
  identitytoken: (ground) => ({ auths: forAll(ground, { auth: btoa(`${login.user}:`), identitytoken: identity }) }),
  credHelpers: (ground) => ({ credHelpers: forAll(ground, "planted") }),
  credsStore: (ground) => ({ auths: forAll(ground, {}), credsStore: "planted" }),
};

/** A home of one form: docker's configuration, the helper on PATH, secrets in the environment. Only its user may read it. */
export function homeWith(dir: string, config: unknown): Readonly<Record<string, string>> {
  const [docker, bin] = [join(dir, ".docker"), join(dir, "bin")];
  for (const folder of [docker, bin]) mkdirSync(folder, { recursive: true });
  symlinkSync(join(process.env["DOCKER_CONFIG"] ?? "/root/.docker", "cli-plugins"), join(docker, "cli-plugins"));
  writeFileSync(join(docker, "config.json"), JSON.stringify(config), { mode: 0o600 });
  writeFileSync(join(bin, "docker-credential-planted"), helper, { mode: 0o700 });
  chmodSync(join(bin, "docker-credential-planted"), 0o700);
  const path = `${bin}:${process.env["PATH"]}`;
  return { HOME: dir, DOCKER_CONFIG: docker, PATH: path, PLANTED_API_KEY: apiKey, GITHUB_TOKEN: githubToken };
}

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
  const timer = setInterval(look, 15);
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
