import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { statfs } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { decodeExact, encodeExact } from "../text/exact_text.ts";

/**
 * A file's text, each byte of which `writeText` writes as it was, or null where it cannot be read; a pipe or a device, which
 * may never end, has none.
 */
export function readText(path: string): string | null {
  try {
    return withFile(path, (file, stat) => (stat.isFile() ? decodeExact(readFileSync(file)) : null));
  } catch {
    return null;
  }
}

/** Opens without waiting for who writes into a pipe. */
function withFile<T>(path: string, read: (file: number, stat: Stats) => T): T {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return read(file, fstatSync(file));
  } finally {
    closeSync(file);
  }
}

/** The first bytes of a file; null where it cannot be read. */
export function readStart(path: string, most: number): Buffer | null {
  try {
    const start = Buffer.alloc(most);
    return withFile(path, (file) => start.subarray(0, readSync(file, start)));
  } catch {
    return null;
  }
}

/** No file that Slipway reads of a repo comes near. */
export const mostBytes = 32 * 2 ** 20;

/**
 * The bytes of a file of the user, or null where none can be read; its path is relative to the root. A link that leads out of
 * the repo is refused, and so is what is no file or has no end.
 */
export function readRepoBytes(root: string, path: string): Buffer | null {
  const named = insideRepo([root], path);
  if (!existsSync(named)) return null;
  const read = (file: number, stat: Stats): Buffer => {
    if (!stat.isFile() && !stat.isDirectory())
      throw new UserError(`"${path}" is a pipe or a device`, {
        why: "Only regular files are read: this might never end.",
        fix: `Put a file there: rm ${path}`,
      });
    if (stat.size > mostBytes)
      throw new UserError(`"${path}" has ${stat.size} bytes`, {
        why: `It is read as a whole, and at most ${mostBytes} bytes are.`,
        fix: `Check what it is: ls -l ${path}`,
      });
    return readFileSync(file);
  };
  try {
    return withFile(named, read);
  } catch (error) {
    if (error instanceof UserError) throw error;
    return null;
  }
}

/** The text of such a file, each byte of which `writeText` writes as it was. */
export function readRepoText(root: string, path: string): string | null {
  const bytes = readRepoBytes(root, path);
  return bytes === null ? null : decodeExact(bytes);
}

/**
 * Where a path leads that is relative to the first root; throws where a link leads from there out of all roots, or into a
 * Git dir: what Slipway reads may get into an image, and what it writes there may run.
 */
export function insideRepo(roots: readonly [string, ...string[]], path: string): string {
  const named = join(roots[0], path);
  const target = behindLinks(named);
  if (!isBelow(roots[0], named) || isAllowed(roots, path, target)) return target;
  throw new UserError(`"${path}" is a link that leads out of the repo, to "${target}"`, {
    why: "Only files of the repo are read and written; its Git dir is none of them.",
    fix: `Put a file of its own there: rm ${path}`,
  });
}

const isAllowed = (roots: readonly string[], path: string, target: string): boolean =>
  roots.some((root) => isBelow(realFolder(root), target)) &&
  (isInGitDir(path) || !isInGitDir(relative(realFolder(roots[0] ?? ""), target)));

const isInGitDir = (path: string): boolean => path.split("/").includes(".git");

export const exists = (path: string): boolean => existsSync(path);

/** When a file was changed last, in milliseconds since 1970; 0 where it is not there. */
export const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
/** Whether a path is a folder, or leads to one. */
export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** The names in a folder, none where it is not there. */
export const filesIn = (path: string): readonly string[] => (isFolder(path) ? readdirSync(path).sort() : []);

/**
 * Writes a file of the user; its path is relative to the first root. A kill or a full disk leaves it as it was. Its mode and
 * owner stay; a link stays too and what it leads to is written, as far as `insideRepo` lets it.
 */
export function writeText(roots: readonly [string, ...string[]], path: string, text: string, mode?: number): void {
  replaceFile(insideRepo(roots, path), encodeExact(text), { mode, flushed: true });
}

/** Writes a file of Slipway's own that only its user may read. What a loss of power takes of it can be made again. */
export const writePrivate = (path: string, text: string | Buffer): void =>
  replaceFile(path, text, { mode: 0o600, flushed: false });

/** Writes a file that nobody changes any more, where it is not there yet; its folder is open to whom the one above is. */
export function writeOnce(path: string, content: Buffer): void {
  if (existsSync(path)) return;
  const folder = dirname(path);
  if (!existsSync(folder)) {
    makeFolder(folder);
    chmodSync(folder, statSync(dirname(folder)).mode & 0o7777);
  }
  replaceFile(path, content, { mode: 0o444, flushed: false });
}

/** Writes a file that every user of a container may write too, in a folder that is closed to others of this machine. */
export function writeForAll(path: string, text: string): void {
  writePrivate(path, text);
  chmodSync(path, 0o666);
}

/** Puts a file or a link at a path of a repo, as a whole, in place of the one that is there; no link is followed on the way. */
export function putEntry(
  root: string,
  path: string,
  entry: { readonly bytes: Buffer; readonly executable: boolean } | { readonly link: string },
): void {
  const target = unlinkedPath(root, path);
  if ("link" in entry) replaceLink(target, entry.link);
  else replaceFile(target, entry.bytes, { mode: undefined, flushed: true, executable: entry.executable });
}

/** Removes a file or a link at a path of a repo; no link is followed on the way. */
export const removeEntry = (root: string, path: string): void => rmSync(unlinkedPath(root, path), { force: true });

function unlinkedPath(root: string, path: string): string {
  const target = join(realpathSync(root), path);
  if (isBelow(root, join(root, path)) && join(realFolder(dirname(target)), basename(target)) === target) return target;
  throw new UserError(`"${path}" lies behind a link`, {
    why: "What is written there would be written elsewhere.",
    fix: `Check where it leads: ls -l ${dirname(join(root, path))}`,
  });
}

type How = {
  readonly mode: number | undefined;
  readonly flushed: boolean;
  /** Whether it can be run; as before without it. */
  readonly executable?: boolean;
};

/** Writes beside the file and renames: at no moment is there a part of a text. */
function replaceFile(target: string, text: string | Buffer, { mode, flushed, executable }: How): void {
  const beside = `${target}${besideMark}${process.pid}`;
  makeFolder(dirname(target));
  try {
    dropLeft(target);
    const file = openSync(beside, "w", mode ?? (executable ? 0o777 : 0o666));
    try {
      writeFileSync(file, text);
      if (mode === undefined) likeBefore(file, target, executable);
      if (flushed) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, target);
  } catch (error) {
    // Bun cannot remove what is not there from a read-only disk.
    if (existsSync(beside)) rmSync(beside);
    // A failed write names no path, and the name beside the file tells the reader nothing.
    throw error instanceof Error && "syscall" in error ? Object.assign(error, { path: target }) : error;
  }
}

function replaceLink(target: string, text: string): void {
  const beside = `${target}${besideMark}${process.pid}`;
  makeFolder(dirname(target));
  dropLeft(target);
  symlinkSync(text, beside);
  renameSync(beside, target);
}

/** Makes a folder with those above it, one by one: of a read-only disk Node's own way says only ENOENT. */
function makeFolder(path: string, mode = 0o777): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Somebody else may have made it just now.
    if (!existsSync(path)) throw error;
  }
}

/** Gives an open file the owner, as far as this user may, and the mode of the one whose place it takes. */
function likeBefore(file: number, target: string, executable: boolean | undefined): void {
  const before = lstatSync(target, { throwIfNoEntry: false });
  if (!before?.isFile()) return;
  const { uid, gid } = fstatSync(file);
  try {
    if (uid !== before.uid || gid !== before.gid) fchownSync(file, before.uid, before.gid);
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
  fchmodSync(file, runnable(before.mode & 0o777, executable));
}

/** A mode in which whoever may read may run too, or nobody may; as it is where neither is asked for. */
const runnable = (mode: number, executable: boolean | undefined): number =>
  executable === undefined ? mode : executable ? mode | ((mode & 0o444) >> 2) : mode & ~0o111;

/** Where a path leads, also where nothing is there yet. */
function behindLinks(path: string): string {
  let end = path;
  for (let links = 0; lstatSync(end, { throwIfNoEntry: false })?.isSymbolicLink(); links += 1) {
    // In a circle: the system tells it better.
    if (links > 40) return realpathSync(path);
    end = resolve(realFolder(dirname(end)), readlinkSync(end));
  }
  return join(realFolder(dirname(end)), basename(end));
}

const realFolder = (path: string): string =>
  existsSync(path) ? realpathSync(path) : join(realFolder(dirname(path)), basename(path));

const isBelow = (root: string, path: string): boolean => !/^\.\.(\/|$)/.test(relative(root, path));

const besideMark = ".slipway-new-";
/** Whether a path is what a killed run left beside a file that it wrote. */
export const isHalfWritten = (path: string): boolean => /\.slipway-new-\d+$/.test(path);

/** Removes what a killed run left beside a file. */
function dropLeft(target: string): void {
  const prefix = `${basename(target)}${besideMark}`;
  for (const name of readdirSync(dirname(target)).filter((one) => one.startsWith(prefix)))
    if (!isAlive(Number(name.slice(prefix.length)))) rmSync(join(dirname(target), name), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    // 0 is no process: to kill(2) it is this one's group, which always lives. A container of ours writes beside under it.
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return isRefused(error);
  }
}

const isRefused = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EPERM";

/** Makes a file what it was: its text, or not there at all. */
export function putBack(root: string, path: string, text: string | null): void {
  if (text === null) rmSync(join(root, path), { force: true });
  else if (readRepoText(root, path) !== text) writeText([root], path, text);
}

/** Adds to a file that only its user may read. A part of a text may stay: for logs, and what GitHub Actions reads. */
export function appendPrivate(path: string, text: string): void {
  try {
    appendFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? Object.assign(error, { path }) : error;
  }
}

/** Writes a program of Slipway's own, which any user may start. */
export const writeProgram = (path: string, text: string): void =>
  replaceFile(path, text, { mode: 0o755, flushed: false });

/** Copies a file into a folder that is made of such copies alone. */
export function stageFile(from: string, to: string, mode: number): void {
  makeFolder(dirname(to));
  copyFileSync(realpathSync(from), to);
  chmodSync(to, mode);
}

/** Makes a folder of this mode. */
export function stageFolder(path: string, mode: number): void {
  makeFolder(path);
  chmodSync(path, mode);
}

/** Makes a folder that only its user may enter. */
export function privateFolder(path: string): string {
  makeFolder(path, 0o700);
  return path;
}

/** Removes a file or a folder with all that is in it; nothing where it is not there. */
export const remove = (path: string): void => rmSync(path, { recursive: true, force: true });

/** Gives a file or folder another name beside it. */
export const rename = (path: string, to: string): void => renameSync(path, to);

/** A path of a repo as it is named, in a folder that no link leads out of; what lies there may be a link itself. */
export const namedInRepo = (root: string, path: string): string =>
  join(insideRepo([root], dirname(path)), basename(path));

/** The bytes of a regular file of Slipway's own, of so many at most; null where it is no such. */
export function readOwnBytes(path: string, most: number): Buffer | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() && stat.size <= most ? readFileSync(path) : null;
}

/** The path behind all links. */
export const realPath = (path: string): string => realpathSync(path);

/** Bytes that this user may still write on the disk of a path. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
