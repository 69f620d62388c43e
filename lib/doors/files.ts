import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

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

/** Writes a text, with its folders; `mode` as in chmod, the umask's default without it. */
export function writeText(path: string, text: string, mode?: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, mode === undefined ? {} : { mode });
}

/** Makes a file what it was: its text, or not there at all. */
export function putBack(path: string, text: string | null): void {
  if (text === null) rmSync(path, { force: true });
  else if (readText(path) !== text) writeFileSync(path, text);
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
