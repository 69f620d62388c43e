import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listens } from "../../lib/doors/ports.ts";
import { UserError } from "../../lib/errors.ts";
import { until } from "./command.ts";
import { withLock } from "./holders.ts";
import type { Env, Layout } from "./layout.ts";
import { allProcesses, commandLine, endProcesses, type Process, readPidFile, startDaemon } from "./processes.ts";

/** One loopback registry and the one on the Internet that it stands for. */
export type LoopbackRegistry = { readonly name: string; readonly address: string };

/** The three registries that quickstart and tests push to; the engine takes plain http for all of 127.0.0.0/8. */
export const loopbackRegistries = [
  { name: "ecr", address: "127.0.0.1:5000" },
  { name: "dockerhub", address: "127.0.0.2:5000" },
  { name: "ghcr", address: "127.0.0.3:5000" },
] as const satisfies readonly LoopbackRegistry[];

/** What a Distribution registry is told. */
export type RegistrySettings = {
  readonly address: string;
  readonly storage: string;
  readonly readonly?: boolean;
  /** A file with lines `user:bcrypt`; without it nobody is asked who they are. */
  readonly passwords?: string;
};

/** The config file of a Distribution registry; JSON is YAML too. */
export function registryConfig({ address, storage, readonly = false, passwords }: RegistrySettings): string {
  const config = {
    version: "0.1",
    log: { level: "warn" },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: true },
      maintenance: { readonly: { enabled: readonly } },
      redirect: { disable: true },
    },
    http: { addr: address },
    ...(passwords === undefined ? {} : { auth: { htpasswd: { realm: "slipway", path: passwords } } }),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** The files of one registry of the private engine. */
export const registryFiles = (at: Layout, name: string) => ({
  config: join(at.registries, name, "config.yml"),
  storage: join(at.registries, name, "data"),
  access: join(at.registries, name, "access.log"),
  log: join(at.registries, name, "registry.log"),
  pid: join(at.registries, name, "pid"),
});

/** How one is started; no other process has this line. */
const lineOf = (at: Layout, name: string): readonly string[] => [
  join(at.bin, "docker-registry"),
  "serve",
  registryFiles(at, name).config,
];

/** The process of a registry of the private engine: who started it may have been killed before it was noted. */
function processOf(at: Layout, name: string): Process | undefined {
  const line = lineOf(at, name).join(" ");
  return readPidFile(registryFiles(at, name).pid) ?? allProcesses().find(({ pid }) => commandLine(pid) === line);
}

/** Whether this registry of the private engine runs. */
export const registryRuns = async (at: Layout, { name, address }: LoopbackRegistry): Promise<boolean> =>
  processOf(at, name) !== undefined && (await listens(address));

/** Starts the loopback registries that do not run yet, whoever else does at the same time; gives whether one was started. */
export const startRegistries = (at: Layout, env: Env, say: (line: string) => void): Promise<boolean> =>
  // Not the engine's own lock: they need no engine, and come up beside it.
  withLock(
    join(at.packages, "lock-registries"),
    () => undefined,
    async () => {
      const started = loopbackRegistries.map(async (registry) => {
        if (await registryRuns(at, registry)) return false;
        say(`starting the registry ${registry.address}, standing for ${registry.name}`);
        await startOne(at, env, registry);
        return true;
      });
      return (await Promise.all(started)).includes(true);
    },
  );

async function startOne(at: Layout, env: Env, { name, address }: LoopbackRegistry): Promise<void> {
  const files = registryFiles(at, name);
  const ended = () => processOf(at, name) === undefined;
  // It may have been started a moment ago by who was killed then.
  if (!ended() && (await until(async () => ended() || (await listens(address)), 20_000)) && !ended()) return;
  if (await listens(address)) throw taken(address, "somebody else listens there already.");
  mkdirSync(files.storage, { recursive: true });
  writeFileSync(files.config, registryConfig({ address, storage: files.storage }));
  await startDaemon({ argv: lineOf(at, name), env, pidFile: files.pid, out: files.access, err: files.log });
  await until(async () => ended() || (await listens(address)), 20_000);
  if (ended()) throw taken(address, `the registry ended at once; ${files.log} tells why.`);
}

const taken = (address: string, why: string): UserError =>
  new UserError(`no registry can be started on ${address}`, {
    why,
    fix: `See who listens there: ss --listening --tcp --numeric --processes "sport = :${address.split(":")[1]}"`,
    kind: "no_registry",
  });

/** Ends the loopback registries and drops what was pushed to them. */
export async function stopRegistries(at: Layout): Promise<void> {
  const running = loopbackRegistries.flatMap(({ name }) => processOf(at, name) ?? []);
  await endProcesses(running, 5_000);
  rmSync(at.registries, { recursive: true, force: true });
}

/** Loopback is asked past every proxy, as Docker does: bun's fetch heeds HTTP_PROXY, Node's does not. */
const direct: RequestInit & { readonly proxy: false } = { proxy: false };

/** Asks a registry of this machine; null where none answers. */
export async function askRegistry(address: string, path: string, init: RequestInit = {}): Promise<Response | null> {
  const url = `http://${address}/v2/${path}`;
  return fetch(url, { ...direct, ...init, signal: AbortSignal.timeout(5_000) }).catch(() => null);
}

/** Whether every loopback registry answers already, whoever started it. */
export async function allAnswer(): Promise<boolean> {
  const answers = await Promise.all(loopbackRegistries.map(({ address }) => askRegistry(address, "")));
  return answers.every((answer) => answer?.ok === true);
}
