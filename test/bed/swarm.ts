import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandOptions, must, type Outcome, run, until } from "../../thin_client/engine/command.ts";
import { answers } from "../../thin_client/engine/daemon.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import {
  allProcesses,
  commandLine,
  endProcesses,
  findProcess,
  startDaemon,
  withDescendants,
} from "../../thin_client/engine/processes.ts";
import { registryConfig } from "../../thin_client/engine/registries.ts";
import { commitAll } from "./git.ts";
import { needs } from "./parts.ts";
import { ensureTiny, tinyImage } from "./tiny.ts";
import { changelog, write } from "./tiny_repo.ts";
import type { Started } from "./workflow.ts";

/** One engine of a swarm, in a network, mounts and a hostname of its own. */
export type SwarmNode = {
  readonly name: string;
  /** What makes a client talk to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends all that it runs, as a machine that loses power does. */
  readonly kill: () => void;
};
export type SwarmBed = {
  readonly dir: string;
  readonly nodes: readonly SwarmNode[];
  /** The registry that all nodes and the caller reach, and where it stores. */
  readonly registry: string;
  readonly storage: string;
  /** Words that start a program where the caller is. */
  readonly enter: readonly string[];
  /** Docker's client at the manager. */
  readonly docker: (...words: readonly string[]) => Promise<string>;
  readonly end: () => Promise<void>;
};

/** Addresses of documentation (RFC 5737): none of them is anybody's. */
const addressOf = (at: number): string => `192.0.2.${at}`;
const hub = 254;
const port = 5000;

/** Starts so many engines, joined by a bridge, with a registry beside them, and makes them one swarm; the first one manages it. */
export async function startSwarm(count: number): Promise<SwarmBed> {
  await needs("engine", "tiny", "ip", "unshare");
  const dir = mkdtempSync(join(tmpdir(), "sws-"));
  const { bin } = layout(process.env);
  const network = (name: string) => join(dir, `net.${name}`);
  const inside = (name: string, ...argv: readonly string[]) => ["nsenter", `--net=${network(name)}`, ...argv];
  const names = Array.from({ length: count }, (_, at) => `node${at + 1}`);
  for (const name of ["hub", ...names]) {
    writeFileSync(network(name), "");
    await must(["unshare", `--net=${network(name)}`, "ip", "link", "set", "lo", "up"]);
  }
  const ip = (name: string, ...words: readonly string[]) => must(inside(name, "ip", ...words));
  await ip("hub", "link", "add", "br0", "type", "bridge");
  await ip("hub", "address", "add", `${addressOf(hub)}/24`, "dev", "br0");
  await ip("hub", "link", "set", "br0", "up");
  for (const [at, name] of names.entries()) {
    await ip("hub", "link", "add", `to${at}`, "type", "veth", "peer", "name", "eth0", "netns", network(name));
    await ip("hub", "link", "set", `to${at}`, "master", "br0", "up");
    await ip(name, "address", "add", `${addressOf(at + 1)}/24`, "dev", "eth0");
    await ip(name, "link", "set", "eth0", "up");
    await ip(name, "route", "add", "default", "via", addressOf(hub));
  }
  const registry = `${addressOf(hub)}:${port}`;
  const storage = join(dir, "registry");
  const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}:/usr/sbin:/sbin` };
  const daemon = (name: string, argv: readonly string[]) =>
    startDaemon({
      argv,
      env,
      pidFile: join(dir, `${name}.pid`),
      out: join(dir, `${name}.log`),
      err: join(dir, `${name}.log`),
    });
  writeFileSync(join(dir, "registry.yml"), registryConfig({ address: registry, storage }));
  const server = await daemon(
    "registry",
    inside("hub", join(bin, "docker-registry"), "serve", join(dir, "registry.yml")),
  );
  const nodes = await Promise.all(names.map((name) => startNode({ dir, name, registry, daemon, inside, bin })));
  const at = (node: SwarmNode | undefined, ...words: readonly string[]) =>
    must(["docker", ...words], { env: { ...process.env, ...node?.env } });
  const [manager, ...workers] = nodes;
  await at(manager, "swarm", "init", "--advertise-addr", addressOf(1));
  const token = (await at(manager, "swarm", "join-token", "--quiet", "worker")).trim();
  await Promise.all(workers.map((node) => at(node, "swarm", "join", "--token", token, `${addressOf(1)}:2377`)));
  await ensureTiny(layout(process.env), { ...process.env, ...manager?.env });
  const end = async () => {
    for (const node of nodes) node.kill();
    await endProcesses([findProcess(server) ?? []].flat(), 2_000);
    for (const name of ["hub", ...names]) await run(["umount", network(name)]);
    await run(["sh", "-c", 'grep -o "$1[^ ]*" /proc/self/mounts | sort -r | xargs -r umount -l', "sh", dir]);
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, nodes, registry, storage, enter: inside("hub"), docker: (...words) => at(manager, ...words), end };
}

type Starting = {
  readonly dir: string;
  readonly name: string;
  readonly registry: string;
  readonly daemon: (name: string, argv: readonly string[]) => Promise<number>;
  readonly inside: (name: string, ...argv: readonly string[]) => readonly string[];
  readonly bin: string;
};

async function startNode({ dir, name, registry, daemon, inside, bin }: Starting): Promise<SwarmNode> {
  const home = join(dir, name);
  mkdirSync(home);
  const settings = join(home, "daemon.json");
  writeFileSync(
    settings,
    JSON.stringify({ features: { "containerd-snapshotter": true }, "insecure-registries": [registry] }),
  );
  const socket = join(home, "s");
  const places = ["--data-root", join(home, "data"), "--exec-root", join(home, "x"), "--pidfile", join(home, "pid")];
  const start = [join(bin, "dockerd"), "--config-file", settings, ...places, "--host", `unix://${socket}`];
  const apart = ["unshare", "--mount", "--uts", "sh", "-c", 'hostname "$1"; shift; exec "$@"', "sh", name];
  await daemon(name, inside(name, ...apart, ...start));
  if (!(await until(() => answers(socket), 120_000))) throw new Error(`no engine ${name}; see ${dir}/${name}.log`);
  const kill = () => {
    const own = allProcesses().filter(({ pid }) => commandLine(pid).includes(`${home}/`));
    for (const { pid } of withDescendants(own)) signal(pid);
  };
  return { name, env: { DOCKER_HOST: `unix://${socket}` }, kill };
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

/** Runs a program where the caller of a swarm is, at its manager. */
export const runAt = (
  { enter, nodes }: SwarmBed,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<Outcome> =>
  run([...enter, ...argv], { ...options, env: { ...process.env, ...nodes[0]?.env, ...options.env } });

/** Starts one there, as the leader of a process group. */
export function startAt({ enter, nodes }: SwarmBed, argv: readonly string[], cwd: string): Pick<Started, "kill"> {
  const [program = "", ...words] = [...enter, ...argv];
  const env = { ...process.env, ...nodes[0]?.env };
  const child = spawn(program, words, { cwd, env, detached: true, stdio: "ignore" });
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 128)));
  return {
    kill: (name = "SIGKILL") => {
      process.kill(-(child.pid ?? 0), name);
      return ended;
    },
  };
}

/** The image of a dir in a repo of these. */
export const swarmImage = (repo: string, dir: string): string => `${repo}-${dir.replaceAll("/", "_")}x`;

/** What a list of a dir does, and what stands in its config beside its image. */
export type SwarmDir = { readonly script: string; readonly config?: string };

/** A repo of dirs, each with an image of its own that the registry has as `dev`. */
export async function swarmRepo(
  bed: SwarmBed,
  name: string,
  dirs: Readonly<Record<string, SwarmDir>>,
): Promise<string> {
  const repo = join(bed.dir, name);
  for (const [dir, { script, config = "" }] of Object.entries(dirs)) {
    const image = swarmImage(name, dir);
    write(join(repo, dir), {
      "repo_config.yaml": [
        `docker_info: {docker_image_name: ${image}}`,
        `container_registry_info: {r1: {address: "${bed.registry}", kind: oci, insecure: true}}`,
        config || "tests: {fast: {command: [sh, test.sh]}}",
        "",
      ].join("\n"),
      "changelog.txt": changelog(image, "1.0.0"),
      "test.sh": `${script}\n`,
    });
    const reference = `${bed.registry}/${image}:dev`;
    await bed.docker("tag", tinyImage, reference);
    await bed.docker("push", "--quiet", reference);
  }
  await commitAll(repo, "Start");
  return repo;
}
