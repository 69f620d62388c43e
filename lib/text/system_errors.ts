import { dirname } from "node:path";
import { UserError } from "../errors.ts";

/** What the system said of a file, by errno(3): the words for it, why that ends the work, and the line to type next. */
type Meaning = { readonly what: string; readonly why: string; readonly fix: (path: string, folder: string) => string };

const look = (path: string): string => `Look at it: ls -ld ${path}`;
const rights: Meaning = {
  what: "permission denied",
  why: "Only the file's owner, or users its mode allows, may do that.",
  fix: (path) => `See whose it is, and become that user or change its owner: ls -ld ${path}`,
};
const shape = (what: string): Meaning => ({ what, why: "Something unexpected is at that path.", fix: look });

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: {
    what: "no space is left on its disk",
    why: "What was there before is unchanged; there is no space for the new text.",
    fix: (_, folder) => `Free some space and run the command again; check it with: df -h ${folder}`,
  },
  EDQUOT: {
    what: "the user's disk quota is used up",
    why: "What was there before is unchanged; there is no space for the new text.",
    fix: () => "Free some space and run the command again; check it with: quota -s",
  },
  EFBIG: {
    what: "it would be larger than this process may write",
    why: "A limit of the shell, or of the file system, stops it.",
    fix: () => "Raise the limit and run the command again: ulimit -f unlimited",
  },
  EROFS: {
    what: "it is on a disk that is mounted read-only",
    why: "Nothing can be changed there.",
    fix: (_, folder) => `Mount it writable, or work in a clone elsewhere; what is mounted: findmnt --target ${folder}`,
  },
  EACCES: rights,
  EPERM: rights,
  EMFILE: {
    what: "this process has too many files open",
    why: "The limit of the shell stops it.",
    fix: () => "Raise the limit and run the command again: ulimit -n 4096",
  },
  ENFILE: {
    what: "this machine has too many files open",
    why: "The limit of the kernel stops every program.",
    fix: () => "Stop what holds them, or raise the limit: sysctl fs.file-nr fs.file-max",
  },
  EIO: {
    what: "the disk failed",
    why: "The kernel could not read or write it.",
    fix: () => "See what the kernel says of the disk: dmesg | tail",
  },
  ESTALE: { what: "its network disk lost it", why: "The folder was replaced on the server.", fix: look },
  EBUSY: { what: "it is in use", why: "The system does not replace what is mounted or in use.", fix: look },
  ETXTBSY: { what: "it is running", why: "The system does not replace a program that runs.", fix: look },
  ENOENT: shape("it is not there"),
  ENOTDIR: shape("a part of its path is no folder"),
  EISDIR: shape("it is a folder"),
  EEXIST: shape("something is there already"),
  ENOTEMPTY: shape("the folder is not empty"),
  ELOOP: shape("its links lead in a circle"),
  ENXIO: shape("nothing reads at its other end"),
  EINVAL: shape("the file system refused it"),
  EXDEV: shape("it spans two disks"),
  ENAMETOOLONG: { what: "its name is too long", why: "The file system has a limit for names.", fix: look },
  ENOMEM: { what: "out of memory", why: "The system could not do it.", fix: () => "See what uses it: free -h" },
  EAGAIN: {
    what: "the system has no room for one more process",
    why: "A limit of the user or of the container stops it.",
    fix: () => "Stop what is not needed, or raise the limit: ulimit -u",
  },
};

/** What was tried, by the call that failed; a network's calls are not here. */
const verbs: Readonly<Record<string, string>> = {
  ...{ open: "opened", read: "read", scandir: "read", opendir: "read", stat: "read", lstat: "read", fstat: "read" },
  ...{ readlink: "read", realpath: "read", access: "read", statfs: "read", uv_cwd: "read", write: "written" },
  ...{ writev: "written", fsync: "written", ftruncate: "written", close: "written", rename: "written", mkdir: "made" },
  ...{ mkdtemp: "made", symlink: "made", link: "made", copyfile: "copied", unlink: "removed", rm: "removed" },
  ...{ rmdir: "removed", chmod: "changed", fchmod: "changed", chown: "changed", fchown: "changed", spawn: "started" },
  spawnSync: "started",
};

/** The error for the user where the system refused something about a file; null for anything else. */
export function systemRefusal(error: unknown): UserError | null {
  if (!(error instanceof Error) || error instanceof UserError) return null;
  const { code, syscall, path } = error as Error & { code?: unknown; syscall?: unknown; path?: unknown };
  const [call = ""] = typeof syscall === "string" ? syscall.split(" ") : [];
  const verb = verbs[call];
  const meaning = typeof code === "string" ? meanings[code] : undefined;
  if (!verb || !meaning) return null;
  const name = typeof path === "string" && path !== "" ? path : ".";
  const shown = call === "uv_cwd" ? "the current folder" : JSON.stringify(name);
  // What could not be made is not there to be asked about; its folder is.
  const fix = meaning.fix(word(name), word(dirname(name)));
  const advice = { why: meaning.why, fix, exitCode: 1, kind: "system" };
  return new UserError(`${shown} cannot be ${verb}: ${meaning.what}`, advice, { cause: error });
}

/** A path as one word of the shell. A control character would change what the terminal shows. */
function word(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const plain = path.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
  return /^[\w./@%+=:,-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", "'\\''")}'`;
}
