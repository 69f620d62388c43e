import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { until } from "./command.ts";
import type { Env } from "./layout.ts";

/** A process as the kernel shows it; `started` tells a reused id from the process that was meant. */
export type Process = {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly started: string;
};

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

/** The live process with this id; zombies count as gone. */
export function findProcess(pid: number): Process | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, parent: Number(fields[1]), session: Number(fields[3]), started: fields[19] ?? "" };
}

/** All live processes. */
export const allProcesses = (): readonly Process[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => findProcess(Number(name)) ?? []);

/** The words that a process was started with, joined by blanks. */
export const commandLine = (pid: number): string => (read(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();

/** The short name that the kernel keeps for a process. */
export const shortName = (pid: number): string => (read(`/proc/${pid}/comm`) ?? "").trim();

/** The network namespace of a process, as one word. */
export function networkOf(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** Writes the id of a process with its start time. */
export function writePidFile(file: string, pid: number): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${pid} ${findProcess(pid)?.started ?? ""}\n`);
}

/** The process that a pid file means, if that very process still lives. */
export function readPidFile(file: string): Process | undefined {
  const [pid, started] = (read(file) ?? "").trim().split(" ");
  const found = pid ? findProcess(Number(pid)) : undefined;
  return found !== undefined && found.started === started ? found : undefined;
}

/** What a process that outlives its starter needs. */
export type Daemon = {
  readonly argv: readonly string[];
  readonly env: Env;
  readonly pidFile: string;
  readonly out: string;
  readonly err: string;
};

/** Starts a program in a session of its own, so that it outlives this one; gives its id. */
export async function startDaemon({ argv, env, pidFile, out, err }: Daemon): Promise<number> {
  const [program = "", ...words] = argv;
  mkdirSync(dirname(out), { recursive: true });
  const files = [openSync(out, "a"), openSync(err, "a")] as const;
  const child = spawn(program, words, { detached: true, env: { ...env }, cwd: "/", stdio: ["ignore", ...files] });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => resolve(child.pid ?? 0));
  }).finally(() => files.forEach((file) => void closeSync(file)));
  child.unref();
  writePidFile(pidFile, pid);
  return pid;
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
};

/** Ends processes: politely, and after the time is up for certain. */
export async function endProcesses(targets: readonly Process[], milliseconds: number): Promise<void> {
  const left = () => targets.filter(({ pid, started }) => findProcess(pid)?.started === started);
  for (const { pid } of left()) signal(pid, "SIGTERM");
  if (await until(() => left().length === 0, milliseconds)) return;
  for (const { pid } of left()) signal(pid, "SIGKILL");
  await until(() => left().length === 0, 5_000);
}

/** These processes and all that they started. */
export function withDescendants(roots: readonly Process[]): readonly Process[] {
  const all = allProcesses();
  const family = new Map(roots.map((one) => [one.pid, one]));
  for (let size = -1; size !== family.size; ) {
    size = family.size;
    for (const one of all) if (family.has(one.parent)) family.set(one.pid, one);
  }
  return [...family.values()];
}
