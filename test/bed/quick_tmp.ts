import { chmodSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";

const memory = "/dev/shm";
/** Bytes that all tests together have lain in at once, twice. */
const enough = 8 * 2 ** 30;

/**
 * Where the machine has memory to spare, what tests write and soon remove lies there: a file system without a journal looks
 * through all that was removed in the last minutes for each file that is made (ext4, recently_deleted), a third of what the
 * kernel did in a run. Gives the folder, which goes with this process; null where there is none.
 */
export function quickTmp(): string | null {
  if (process.platform !== "linux" || freemem() < enough || !isFit()) return null;
  // A process is known by its number in its namespace; what others left is not ours to judge.
  const [namespace = "0"] = readlinkSync("/proc/self/ns/pid").match(/\d+/) ?? [];
  const prefix = `slipway-${namespace}-`;
  for (const name of readdirSync(memory))
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length)))) remove(join(memory, name));
  const folder = join(memory, `${prefix}${process.pid}`);
  mkdirSync(folder, { recursive: true });
  // As /tmp: some tests are somebody else's than root.
  chmodSync(folder, 0o1777);
  process.on("exit", () => remove(folder));
  return folder;
}

/** Whether it is a tmpfs with room, in which programs may be started. */
function isFit(): boolean {
  const mount = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .find((line) => line.split(" ")[1] === memory);
  const [, , kind, options = ""] = mount?.split(" ") ?? [];
  if (kind !== "tmpfs" || options.split(",").includes("noexec")) return false;
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize >= enough;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });
