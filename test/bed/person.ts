import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { must, type Outcome, run } from "../../thin_client/engine/command.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Somebody who is not root: a uid without a name, in a group that may use the engine, with a HOME of their own. */
export type Person = {
  readonly uid: number;
  /** Runs a workflow as this person in a folder that is theirs. */
  readonly workflow: (cwd: string, name: string, ...words: readonly string[]) => Promise<Outcome>;
  /** Runs any program so, where the uid has a name. */
  readonly runs: (cwd: string, ...argv: readonly string[]) => Promise<Outcome>;
  readonly end: () => Promise<void>;
};

/** Makes one in a folder. Slipway and the engine may lie where only root may look, so both are shown there too. */
export async function makePerson(dir: string, uid: number): Promise<Person> {
  const [home, slipway, tools] = [join(dir, "home"), join(dir, "slipway"), join(dir, "tools")];
  const plugins = join(home, ".docker", "cli-plugins");
  for (const folder of [home, slipway, tools, plugins]) mkdirSync(folder, { recursive: true });
  const config = process.env["DOCKER_CONFIG"] ?? "/root/.docker";
  for (const name of ["docker-buildx", "docker-compose"])
    cpSync(realpathSync(join(config, "cli-plugins", name)), join(plugins, name));
  const client = (await must(["sh", "-c", "command -v docker"])).trim();
  cpSync(realpathSync(client), join(tools, "docker"));
  await must(["chown", "-R", `${uid}:${uid}`, home]);
  // Read-only: whoever clears the folder of a killed test must not clear this repository through it.
  await must(["mount", "--options", "bind,ro", root, slipway]);
  const socket = await openSocket(join(dir, "docker.sock"), uid + 1);
  const env = {
    HOME: home,
    DOCKER_HOST: `unix://${join(dir, "docker.sock")}`,
    PATH: `${tools}:${process.env["PATH"]}`,
  };
  const as = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, `--groups=${uid + 1}`, "--inh-caps=-all"];
  const passwd = join(dir, "passwd");
  writeFileSync(passwd, `${readFileSync("/etc/passwd", "utf8")}person:x:${uid}:${uid}::${home}:/bin/sh\n`);
  const named = ["unshare", "--mount", "sh", "-ec", 'mount --bind "$1" /etc/passwd; shift; exec "$@"', "sh", passwd];
  return {
    uid,
    runs: (cwd, ...argv) => run([...named, ...as, ...argv], { cwd, env }),
    workflow: (cwd, name, ...words) => {
      const line = [join(slipway, "node_modules", ".bin", "bun"), join(slipway, "scripts", `${name}.ts`), ...words];
      return run([...as, ...line], { cwd, env });
    },
    end: async () => {
      await socket();
      await must(["umount", "--lazy", slipway]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The engine's socket once more, open to a group. */
async function openSocket(path: string, group: number): Promise<() => Promise<void>> {
  const engine = (process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock").replace("unix://", "");
  const server = createServer({ allowHalfOpen: true }, (person) => {
    const docker = createConnection({ path: engine, allowHalfOpen: true });
    person.pipe(docker).pipe(person);
    person.on("error", () => docker.destroy());
    docker.on("error", () => person.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  chownSync(path, 0, group);
  chmodSync(path, 0o660);
  return () => new Promise((resolve) => server.close(() => resolve()));
}
