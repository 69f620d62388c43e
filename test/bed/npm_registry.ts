import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { cacheHome } from "../../lib/doors/engine.ts";
import { must, until } from "../../thin_client/engine/command.ts";
import { withLock } from "../../thin_client/engine/holders.ts";
import { otherNode } from "./nodes.ts";

/** The newest that the registry of npm has whole; it wants a Node of its own. */
const release = "verdaccio@9.0.0-next-9.31";

/** verdaccio, fetched once and kept among the user's caches; gives the path of its program. */
export async function ensureVerdaccio(): Promise<string> {
  const dir = join(cacheHome(process.env), release);
  const program = join(dir, "node_modules/verdaccio/bin/verdaccio");
  mkdirSync(dir, { recursive: true });
  const words = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", release];
  await withLock(
    dir,
    () => undefined,
    async () => {
      if (!existsSync(program)) await must(["npm", "install", "--prefix", dir, ...words]);
    },
  );
  return program;
}

export type NpmRegistry = {
  readonly url: string;
  /** What stands in the npmrc of a user who may publish. */
  readonly npmrc: string;
  readonly stop: () => void;
};

/** A real registry of npm on loopback with one user. */
export async function startNpmRegistry(dir: string): Promise<NpmRegistry> {
  const [node, program] = await Promise.all([otherNode(24), ensureVerdaccio()]);
  mkdirSync(dir, { recursive: true });
  const config = {
    storage: join(dir, "storage"),
    auth: { htpasswd: { file: join(dir, "htpasswd") } },
    packages: { "**": { access: "$all", publish: "$authenticated" } },
    log: { type: "file", path: join(dir, "log"), level: "warn" },
  };
  writeFileSync(join(dir, "config.yaml"), JSON.stringify(config));
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const host = `127.0.0.1:${(probe.address() as AddressInfo).port}`;
  probe.close();
  const url = `http://${host}/`;
  const child = spawn(node, [program, "--config", join(dir, "config.yaml"), "--listen", host], { stdio: "ignore" });
  const isUp = () =>
    fetch(`${url}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
  if (!(await until(isUp, 60_000))) throw new Error("verdaccio does not answer");
  const body = JSON.stringify({ name: "ada", password: "planted-npm-password" });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}-/user/org.couchdb.user:ada`, { method: "PUT", headers, body });
  const { token } = (await answer.json()) as { readonly token: string };
  return { url, npmrc: `//${host}/:_authToken=${token}\n`, stop: () => void child.kill() };
}
