import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { until } from "../../thin_client/engine/command.ts";
import { otherNode } from "./nodes.ts";
import { ensureNpmProgram } from "./npm_program.ts";

/** The newest that the registry of npm has whole; it wants a Node of its own. */
const release = "verdaccio@9.0.0-next-9.31";

/** verdaccio; gives the path of its program. */
const ensureVerdaccio = (): Promise<string> => ensureNpmProgram(release, "bin/verdaccio");

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
