import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import type { TreeFacts } from "../plan/facts.ts";
import { type CommittedFile, isBlob, isContentOf, readCommit } from "./git_files.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Committed = ReadonlyMap<string, CommittedFile>;
/** What may lie in the tree beside the commit's files, by its path. */
type Allowed = (path: string) => boolean;

/** How many differing paths are named. */
const most = 5;

/**
 * Compares what lies in a repo's folder with its commit, byte for byte and with submodules, whatever Git was told to leave
 * out, to filter or to convert; nothing that the commit does not have may lie beside it.
 */
export async function loadTree(root: string, { commit, allowed }: { commit: string; allowed: Allowed }, env: Env) {
  const { committed, submodules } = await readOnce(root, commit, env);
  const repos = new Set([root, ...submodules]);
  const differs = differences(root, { committed, repos, allowed });
  return { differs, stamp: differs.length > 0 ? "" : stampOf(root, { committed, repos, allowed }) } satisfies TreeFacts;
}

type Read = ReturnType<typeof readCommit>;
const read = new WeakMap<Env, Map<string, Read>>();

/** What a commit has, which is read once in a run: it never changes. */
function readOnce(root: string, commit: string, env: Env): Read {
  const known = read.get(env) ?? new Map<string, Read>();
  read.set(env, known);
  const key = `${commit} ${root}`;
  const files = known.get(key) ?? readCommit({ repo: root, commit, under: "" }, { owner: null, env });
  known.set(key, files);
  return files;
}

/** The files of a commit below some paths that do not lie in a repo's folder as the commit has them; the first few. */
export async function changedBelow(
  root: string,
  { commit, paths }: { commit: string; paths: readonly string[] },
  env: Env,
) {
  if (paths.length === 0) return [];
  const { committed } = await readCommit({ repo: root, commit, under: "" }, { owner: null, env });
  const isBelow = (full: string) => paths.some((path) => `${full}/`.startsWith(`${join(root, path)}/`));
  const changed = [...committed].filter(([full, file]) => isBelow(full) && !(isThere(full) && isFile(full, file)));
  return changed.map(([full]) => relative(root, full)).slice(0, most);
}

const isThere = (full: string): boolean => lstatSync(full, { throwIfNoEntry: false }) !== undefined;

type Expected = { readonly committed: Committed; readonly repos: ReadonlySet<string>; readonly allowed: Allowed };

function differences(root: string, { committed, repos, allowed }: Expected): string[] {
  const folders = new Set([...committed.keys(), ...[...repos].map((repo) => join(repo, ".git"))].flatMap(foldersOf));
  const differs: string[] = [];
  const left = new Set(committed.keys());
  let foreign = "\0";
  for (const { full, isFolder } of entriesOf(root, repos)) {
    if (differs.length >= most) return differs;
    const file = committed.get(full);
    left.delete(full);
    const fits = isFolder ? folders.has(full) : file !== undefined && isFile(full, file);
    // What the commit has is never beside it.
    if (fits || full.startsWith(foreign) || (!file && allowed(relative(root, full)))) continue;
    if (isFolder) foreign = `${full}/`;
    differs.push(relative(root, full));
  }
  return [...differs, ...[...left].map((full) => relative(root, full))].slice(0, most);
}

/** The folders that a path lies in. */
const foldersOf = (path: string): string[] => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

type Entry = { readonly full: string; readonly isFolder: boolean };

/** Everything below a folder, folders before what they hold; Git dirs of the repos left out. Links are not followed. */
function* entriesOf(folder: string, repos: ReadonlySet<string>): Generator<Entry> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === ".git" && repos.has(folder)) continue;
    const full = `${folder}/${entry.name}`;
    const isFolder = entry.isDirectory();
    yield { full, isFolder };
    if (isFolder) yield* entriesOf(full, repos);
  }
}

/** Whether a file is what the commit says: kind, executable bit and content. */
function isFile(full: string, file: CommittedFile): boolean {
  const stat = lstatSync(full);
  if (file.isLink) return stat.isSymbolicLink() && isBlob(readlinkSync(full, "buffer"), file.id);
  const isExecutable = (stat.mode & 0o111) !== 0;
  return stat.isFile() && isExecutable === file.executable && isContentOf(readFileSync(full), file);
}

/** Every file and folder with when it was last changed in any way: a clock that no user of the files sets. */
function stampOf(root: string, { committed, repos, allowed }: Expected): string {
  const hash = createHash("sha256");
  const add = (full: string) => {
    const { ino, ctimeNs, size, mode } = lstatSync(full, { bigint: true });
    hash.update(`${full}\0${ino} ${ctimeNs} ${size} ${mode}\n`);
  };
  for (const { full } of entriesOf(root, repos)) if (committed.has(full) || !allowed(relative(root, full))) add(full);
  add(root);
  return hash.digest("hex");
}
