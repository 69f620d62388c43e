import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "./layout.ts";
import { findProcess, readPidFile, writePidFile } from "./processes.ts";

/** Who uses the engine if nobody is named: the session of the terminal, or the caller where that is unknown. */
export function defaultHolder(): number {
  const session = findProcess(process.pid)?.session ?? 0;
  return session > 0 && session !== process.pid && findProcess(session) ? session : process.ppid;
}

/** Counts a process in as a user of the engine. */
export const addHolder = ({ holders }: Layout, pid: number): void => writePidFile(join(holders, String(pid)), pid);

/** Counts a process out. */
export const removeHolder = ({ holders }: Layout, pid: number): void =>
  rmSync(join(holders, String(pid)), { force: true });

/** The live users of the engine; what dead ones left is swept away. */
export function liveHolders({ holders }: Layout): readonly number[] {
  if (!existsSync(holders)) return [];
  return readdirSync(holders).flatMap((name) => {
    const file = join(holders, name);
    const found = readPidFile(file);
    if (found === undefined) rmSync(file, { force: true });
    return found === undefined ? [] : [found.pid];
  });
}

/** Does the work while nobody else does such work; the kernel frees the lock even if this process is killed. */
export async function withLock<T>(folder: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  const child = spawn("flock", [join(folder, "lock"), "cat"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const slow = setTimeout(waiting, 1_000);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => reject(new Error("flock ended before it had the lock")));
      child.stdout.once("data", () => resolve());
      child.stdin.write("locked\n");
    }).finally(() => clearTimeout(slow));
    return await work();
  } finally {
    child.stdin.end();
    await ended;
  }
}
