import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type Entry, isCommonPath, type Side } from "../config/common_files.ts";
import { exists, mostBytes } from "./files.ts";
import { gitIn, tryGit } from "./git.ts";
import { type CommittedFile, isBlob, isContentOf } from "./git_files.ts";
import { objectName } from "./git_objects.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Committed = ReadonlyMap<string, CommittedFile>;

/** Reads what a repo has at some paths, in folders among them all that Git does not ignore; and what it has there that has no plain name. */
export async function loadSide(
  root: string,
  paths: readonly string[],
  env: Env,
): Promise<Side & { readonly odd: readonly string[] }> {
  const folders = paths.filter((path) => entryAt(root, path)?.is === "folder");
  const [committed, all] = await Promise.all([
    loadCommitted(root, env),
    folders.length === 0 ? "" : gitIn(root, env)(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]),
  ]);
  const isBelow = (path: string) => folders.some((folder) => path.startsWith(`${folder}/`));
  const below = [...new Set(all.split("\0"))].filter(isBelow);
  const named = [...paths, ...below.filter(isCommonPath)];
  const entries = new Map<string, Entry>();
  for (const path of named.sort()) {
    const entry = entryAt(root, path, committed);
    if (entry) entries.set(path, entry);
  }
  const odd = below.filter((path) => !isCommonPath(path));
  return { entries, folders, committed: pathsById(committed), odd };
}

async function loadCommitted(root: string, env: Env): Promise<Committed> {
  const { code, stdout } = await tryGit(root, env, ["ls-tree", "-r", "-z", "--full-tree", "HEAD"]);
  // One without a commit has none of it.
  const rows = code === 0 ? stdout.split("\0").filter((row) => row !== "") : [];
  return new Map(
    rows.map((row) => {
      const tab = row.indexOf("\t");
      const [mode, , id = ""] = row.slice(0, tab).split(" ");
      return [row.slice(tab + 1), { id, executable: mode === "100755", isLink: mode === "120000" }];
    }),
  );
}

function pathsById(committed: Committed): ReadonlyMap<string, readonly string[]> {
  const byId = new Map<string, string[]>();
  for (const [path, { id }] of committed) {
    const paths = byId.get(id ?? "");
    if (paths) paths.push(path);
    else byId.set(id ?? "", [path]);
  }
  return byId;
}

/** The folders above a path, the outermost first. */
const foldersAbove = (path: string): string[] => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

/** What lies at a path of a repo; null for nothing. */
export function entryAt(root: string, path: string, committed: Committed = new Map()): Entry | null {
  const linkAt = (at: string) => {
    const text = readlinkSync(join(root, at));
    const known = committed.get(at);
    return { is: "link", text, committed: known?.isLink === true && isBlob(Buffer.from(text), known.id) } as const;
  };
  for (const above of foldersAbove(path)) {
    const stat = lstatSync(join(root, above), { throwIfNoEntry: false });
    if (!stat) return null;
    if (stat.isSymbolicLink()) return { is: "behind", at: above, link: linkAt(above) };
    if (!stat.isDirectory()) return { is: "other", what: `${above} is no folder` };
    if (exists(join(root, above, ".git"))) return { is: "other", what: `${above} is a repo of its own` };
  }
  const full = join(root, path);
  const stat = lstatSync(full, { throwIfNoEntry: false });
  if (!stat) return null;
  if (stat.isSymbolicLink()) return linkAt(path);
  if (stat.isDirectory())
    return exists(join(full, ".git")) ? { is: "other", what: "is a repo of its own" } : { is: "folder" };
  if (!stat.isFile()) return { is: "other", what: "is a pipe or a device" };
  if (stat.size > mostBytes) return { is: "other", what: `has ${stat.size} bytes, at most ${mostBytes} are read` };
  const bytes = readFileSync(full);
  const known = committed.get(path);
  return {
    ...{ is: "file", bytes, id: objectName("blob", bytes, 40), executable: (stat.mode & 0o100) !== 0 },
    committed: known !== undefined && !known.isLink && isContentOf(bytes, known),
  };
}
