import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A file's text, or null where it cannot be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

export const exists = (path: string): boolean => existsSync(path);

export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** The names in a folder, none where it is not there. */
export const filesIn = (path: string): readonly string[] => (isFolder(path) ? readdirSync(path).sort() : []);

/**
 * Writes a text, with its folders: beside the file first, so that a kill or a full disk leaves the file as it was. `mode`
 * as in chmod; without it the file's own, or the umask's default for a new one. A link stays, what it leads to is written.
 */
export function writeText(path: string, text: string, mode?: number): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  mkdirSync(dirname(target), { recursive: true });
  dropLeft(target);
  const beside = `${target}${besideMark}${process.pid}`;
  const kept = mode ?? statSync(target, { throwIfNoEntry: false })?.mode;
  try {
    writeFileSync(beside, text, kept === undefined ? {} : { mode: kept & 0o777 });
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

const besideMark = ".slipway-new-";

/** Removes what a killed run left beside a file. */
function dropLeft(target: string): void {
  const prefix = `${basename(target)}${besideMark}`;
  for (const name of readdirSync(dirname(target)).filter((one) => one.startsWith(prefix)))
    if (!isAlive(Number(name.slice(prefix.length)))) rmSync(join(dirname(target), name), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Makes a file what it was: its text, or not there at all. */
export function putBack(path: string, text: string | null): void {
  if (text === null) rmSync(path, { force: true });
  else if (readText(path) !== text) writeText(path, text);
}

/** Adds to a file that only its user may read. */
export const appendPrivate = (path: string, text: string): void => appendFileSync(path, text, { mode: 0o600 });

/** Makes a folder that only its user may enter. */
export function privateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** The path behind all links. */
export const realPath = (path: string): string => realpathSync(path);

/** Bytes that this user may still write on the disk of a path. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
