import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { run, until } from "./command.ts";
import type { Env, Layout } from "./layout.ts";
import {
  allProcesses,
  commandLine,
  endProcesses,
  networkOf,
  readPidFile,
  shortName,
  startDaemon,
  withDescendants,
} from "./processes.ts";

const socketOf = (at: Layout): string => join(at.run, "docker.sock");
const pidFileOf = (at: Layout): string => join(at.run, "dockerd.pid");

/** Whether an engine answers on this socket. */
export const answers = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const ask = request({ socketPath, path: "/_ping", timeout: 3_000, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode === 200);
    });
    ask.on("timeout", () => ask.destroy());
    ask.on("error", () => resolve(false));
    ask.end();
  });

/** Whether the private engine runs and answers. */
export const daemonAnswers = async (at: Layout): Promise<boolean> =>
  existsSync(socketOf(at)) && (await answers(socketOf(at)));

/** Refuses to start beside another engine of the same network: each would delete the other's bridge. */
export function assertAlone(at: Layout): void {
  const here = networkOf("self");
  const other = allProcesses().find(
    ({ pid }) => shortName(pid) === "dockerd" && networkOf(pid) === here && !commandLine(pid).includes(`${at.run}/`),
  );
  if (other === undefined) return;
  throw new UserError(`another dockerd runs here as process ${other.pid}, but no engine answers`, {
    why: "two engines in one network damage each other's bridge and firewall rules.",
    fix: `Point DOCKER_HOST at its socket, or end it: kill ${other.pid}   (it is "${commandLine(other.pid)}")`,
    kind: "no_engine",
  });
}

/** Starts dockerd and waits until it answers; whatever a killed one left is swept away before. */
export async function startDaemonEngine(at: Layout, env: Env): Promise<void> {
  await sweep(at);
  mkdirSync(at.exec, { recursive: true });
  linkCredentials(at, env);
  const settings = join(at.run, "daemon.json");
  writeFileSync(settings, `${JSON.stringify({ features: { "containerd-snapshotter": true } })}\n`);
  const log = join(at.log, "dockerd.log");
  const places = ["--data-root", at.data, "--exec-root", at.exec, "--pidfile", join(at.run, "docker.pid")];
  await startDaemon({
    argv: [join(at.bin, "dockerd"), "--config-file", settings, ...places, "--host", `unix://${socketOf(at)}`],
    env: { ...env, PATH: `${at.bin}:${env["PATH"] ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin` },
    pidFile: pidFileOf(at),
    out: log,
    err: log,
  });
  const dead = () => readPidFile(pidFileOf(at)) === undefined;
  const up = (await until(async () => dead() || (await daemonAnswers(at)), 60_000)) && !dead();
  if (!up) await refuseStart(at, log);
}

async function refuseStart(at: Layout, log: string): Promise<never> {
  await sweep(at);
  const last = readFileSync(log, "utf8").trim().split("\n").slice(-5).join("\n    ");
  throw new UserError("the private engine did not come up", {
    why: last,
    fix: `Read ${log}, fix the cause and run the same command again.`,
    exitCode: 1,
    kind: "no_engine",
  });
}

/** Ends the engine with all of its containers and leaves neither process nor mount. */
export async function stopDaemonEngine(at: Layout, env: Env): Promise<void> {
  const daemon = readPidFile(pidFileOf(at));
  if (daemon !== undefined && (await daemonAnswers(at))) {
    const docker = [join(at.bin, "docker"), "--host", `unix://${socketOf(at)}`];
    const { stdout } = await run([...docker, "ps", "-q"], { env });
    const ids = stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await run([...docker, "kill", ...ids], { env });
  }
  if (daemon !== undefined) await endProcesses([daemon], 15_000);
  await sweep(at);
}

/** Ends what a killed engine left running, unmounts what it left mounted and forgets its sockets. */
async function sweep(at: Layout): Promise<void> {
  const ours = allProcesses().filter(({ pid }) => isOurs(at, pid));
  await endProcesses(withDescendants(ours), 3_000);
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => (line.split(" ")[4] ?? "").replaceAll("\\040", " "))
    .filter((path) => [at.run, at.data].some((folder) => `${path}/`.startsWith(`${folder}/`)));
  for (const path of mounts.reverse()) await run(["umount", "--lazy", path]);
  rmSync(at.run, { recursive: true, force: true });
}

const engineNames = /^(dockerd|containerd|containerd-shim|docker-proxy|runc)/;
const isOurs = (at: Layout, pid: number): boolean =>
  engineNames.test(shortName(pid)) && commandLine(pid).includes(`${at.run}/`);

/**
 * The user's own Docker logins serve the private engine too: its config file is a link to the user's.
 * `docker login` writes through the link, also when the file is not there yet, but needs the folder behind it.
 */
function linkCredentials(at: Layout, env: Env): void {
  const link = join(at.config, "config.json");
  mkdirSync(at.config, { recursive: true });
  rmSync(link, { force: true });
  const folder = join(env["HOME"] || homedir(), ".docker");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  symlinkSync(join(folder, "config.json"), link);
}
