import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, posix, relative, resolve } from "node:path";
import type { Allowed } from "../config/trust.ts";
import { UserError } from "../errors.ts";
import { isNode, jsonOf, textAt } from "../text/shape.ts";
import {
  exists,
  filesIn,
  isFolder,
  privateFolder,
  readRepoText,
  readText,
  realPath,
  remove,
  writePrivate,
} from "./files.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Where is kept what a person allowed of a repo: outside of it, by its path (XDG Base Directory Specification). */
function trustFile(root: string, env: Env): string {
  const named = env["XDG_CONFIG_HOME"] ?? "";
  const base = isAbsolute(named) ? named : join(env["HOME"] || homedir(), ".config");
  return join(base, "slipway", "trust", `${createHash("sha256").update(root).digest("hex").slice(0, 16)}.json`);
}

/** Where a container finds what was allowed of the repo on its /app, on the machine that it was started on. */
export const allowedOutside = "/opt/slipway_allowed.json";

/** The file of what a person allowed of a repo, here or where this container was started; null where nothing was. */
export const allowedFile = (root: string, env: Env): string | null =>
  [...(root === "/app" ? [allowedOutside] : []), trustFile(root, env)].find(exists) ?? null;

/** What a person allowed of the repo at a path, also before it was mounted here. */
export function loadAllowed(root: string, env: Env): readonly Allowed[] {
  const kept = jsonOf(readText(trustFile(root, env)) ?? "");
  const outside = root === "/app" ? jsonOf(readText(allowedOutside) ?? "") : undefined;
  return [...(textAt(kept, "path") === root ? allowedIn(kept) : []), ...allowedIn(outside)];
}

function allowedIn(kept: unknown): readonly Allowed[] {
  if (!isNode(kept) || !Array.isArray(kept["allowed"])) return [];
  return kept["allowed"].flatMap((one: unknown) => {
    const [id, hash] = [textAt(one, "id"), textAt(one, "hash")];
    return id !== undefined && hash !== undefined ? [{ id, hash }] : [];
  });
}

/** Keeps what a person allows of the repo at a path; of nothing no file is kept. */
export function keepAllowed(root: string, env: Env, allowed: readonly Allowed[]): void {
  const file = trustFile(root, env);
  remove(file);
  if (allowed.length === 0) return;
  privateFolder(dirname(file));
  writePrivate(file, `${JSON.stringify({ path: root, allowed }, null, 2)}\n`);
}

/** What a path of a repo has in it, of a folder all files but caches; what leads out of the repo is told by where to. */
export function contentBelow(root: string, path: string, seen: Set<string> = new Set()): string {
  const full = join(root, path);
  if (!exists(full) || /(^|\/)(\.git|__pycache__|\.pytest_cache)$/.test(path)) return "";
  const real = realPath(full);
  if (relative(realPath(root), real).startsWith("..")) return `${path} -> ${real}`;
  if (!isFolder(full)) return JSON.stringify([path, textOf(root, path)]);
  if (seen.has(real)) return "";
  seen.add(real);
  return filesIn(full)
    .map((name) => contentBelow(root, posix.join(path, name), seen))
    .filter((content) => content !== "")
    .join("\0");
}

/** The text of a file of a repo; where it may not be read, why. */
export function textOf(root: string, path: string): string {
  try {
    return readRepoText(root, path) ?? "";
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** What the files of a repo have in them that a text names, as its words would in a folder. */
export const contentIn = (root: string, folder: string, text: string): string =>
  [...new Set(text.split(/[\s"'`=;|&()<>,!]+/))]
    .map((word) => posix.join(folder, word))
    .filter((path) => path !== "." && !path.startsWith("..") && !path.startsWith("/"))
    .map((path) => contentBelow(root, path))
    .filter((content) => content !== "")
    .join("\0");

/** Whether a Git dir itself says that a folder is a worktree of it (gitrepository-layout(5), "worktrees"). */
export const isWorktreeOf = (gitDir: string, folder: string): boolean =>
  filesIn(join(gitDir, "worktrees")).some((name) => {
    const own = join(gitDir, "worktrees", name);
    return resolve(own, (readText(join(own, "gitdir")) ?? "").trim()) === join(folder, ".git");
  });

/** The text of a compose file with those of the files that it names, and of `.env` where it has variables (Compose, "include"). */
export function composeContent(root: string, path: string, seen: Set<string> = new Set()): string {
  const own = textOf(root, path);
  const folder = posix.dirname(path);
  const words = own.split(/[\s"',[\]{}]+/).map((word) => posix.join(folder, word));
  const more = [
    ...words.filter((word) => /\.ya?ml$/.test(word)),
    ...(own.includes("$") ? [posix.join(folder, ".env")] : []),
  ];
  seen.add(path);
  const inner = more.flatMap((one) => (seen.has(one) || one.startsWith("..") ? [] : [composeContent(root, one, seen)]));
  return [own, contentIn(root, folder, own), ...inner].join("\0");
}

/** How a specifier may be meant by tsx, bun and Node: the file, or it with an ending, or of a folder. */
const endings = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];

/** The files that a module of a repo is made of: itself, what it imports by a relative path, and packages of the repo's own. */
export function moduleFiles(root: string, path: string, seen: Map<string, string> = new Map()): Map<string, string> {
  if (seen.has(path)) return seen;
  const text = readRepoText(root, path) ?? "";
  seen.set(path, text);
  for (const [, from = ""] of text.matchAll(/\b(?:from|import|require)\b\s*\(?\s*["'`]([^"'`]+)["'`]/g)) {
    const named = posix.join(posix.dirname(path), from);
    if (/^\.\.?\//.test(from)) {
      const found = [...endings.map((ending) => named + ending), named.replace(/\.([mc]?)js$/, ".$1ts")].filter(
        (one) => !one.startsWith("..") && exists(join(root, one)) && !isFolder(join(root, one)),
      );
      for (const one of found) moduleFiles(root, one, seen);
    } else if (/^[@\w]/.test(from) && !/^(node:|slipway\/)/.test(from)) {
      const [first = "", second = ""] = from.split("/");
      const name = first.startsWith("@") ? `${first}/${second}` : first;
      for (const folder of foldersAbove(posix.dirname(path))) {
        const at = posix.join(folder, "node_modules", name);
        if (!seen.has(at) && exists(join(root, at))) seen.set(at, contentBelow(root, at));
      }
    }
  }
  return seen;
}

const foldersAbove = (folder: string): string[] =>
  folder === "." ? ["."] : [folder, ...foldersAbove(posix.dirname(folder))];
