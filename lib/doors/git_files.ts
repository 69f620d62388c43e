import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import type { Place } from "../plan/facts.ts";
import { decodeExact } from "../text/exact_text.ts";
import { readRepoBytes } from "./files.ts";
import { gitIn, tryGit } from "./git.ts";
import { objectName } from "./git_objects.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A file as a commit has it: the id of its blob, of a link that of its text; null for a submodule that is not here. */
export type CommittedFile = { readonly id: string | null; readonly executable: boolean; readonly isLink: boolean };

/** What Git says of the files of a folder; all paths are absolute. */
export type GitFiles = {
  /** Those of the commit that is checked out, and of the submodules as it names them. */
  readonly committed: ReadonlyMap<string, CommittedFile>;
  /** Files and folders that Git ignores, for whatever reason: .gitignore, .git/info/exclude or the user's own file. */
  readonly ignored: ReadonlySet<string>;
};

/**
 * Reads what Git says of a folder of the runnable dir's repo or of the outermost one. The commits of submodules are those
 * that the outer repo names, but of the repo that owns the runnable dir its own.
 */
export async function readGitFiles(place: Place, folder: string, env: Env): Promise<GitFiles> {
  const repo = isBelow(place.owner, folder) ? place.owner : place.root;
  const [own, { committed, submodules }] = await Promise.all([
    ignoredIn(folder, env),
    readCommit({ repo, commit: "HEAD", under: relative(repo, folder) }, { owner: place.owner, env }),
  ]);
  const inner = await Promise.all(submodules.map((one) => ignoredIn(one, env)));
  return { committed, ignored: new Set([...own, ...inner.flat()]) };
}

type Known = {
  /** The submodule whose own commit counts, not the one that the outer repo names; null for none. */
  readonly owner: string | null;
  readonly env: Env;
};

/** The files of a commit and of its submodules as they lie there, by their absolute paths, and where those submodules are. */
export async function readCommit(
  commit: Commit,
  known: Known,
): Promise<Pick<GitFiles, "committed"> & { readonly submodules: readonly string[] }> {
  const scope: Scope = { ...known, committed: new Map(), submodules: [] };
  await addCommit(scope, commit);
  return scope;
}

/** Whether a path is a folder or lies below it. */
export const isBelow = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`);

type Scope = Known & { readonly committed: Map<string, CommittedFile>; readonly submodules: string[] };
type Commit = { readonly repo: string; readonly commit: string; readonly under: string };

/** Adds the files of a commit; one that a submodule lacks counts as not here. */
async function addCommit(scope: Scope, { repo, commit, under }: Commit): Promise<void> {
  const words = ["ls-tree", "-r", "-z", "--full-tree", commit, ...(under ? ["--", under] : [])];
  const rows = (await gitIn(repo, scope.env)(words)).split("\0").filter((row) => row !== "");
  for (const row of rows) {
    const tab = row.indexOf("\t");
    const [mode = "", , id = ""] = row.slice(0, tab).split(" ");
    const full = `${repo}/${row.slice(tab + 1)}`;
    if (mode !== "160000") scope.committed.set(full, toFile(mode, id));
    else if (await hasCommit(scope, full, id)) {
      scope.submodules.push(full);
      await addCommit(scope, { repo: full, commit: full === scope.owner ? "HEAD" : id, under: "" });
    } else scope.committed.set(full, { id: null, executable: false, isLink: false });
  }
}

const toFile = (mode: string, id: string): CommittedFile => ({
  id,
  executable: mode === "100755",
  isLink: mode === "120000",
});

const hasCommit = async ({ env }: Scope, folder: string, commit: string): Promise<boolean> =>
  existsSync(join(folder, ".git")) && (await tryGit(folder, env, ["cat-file", "-e", `${commit}^{commit}`])).code === 0;

async function ignoredIn(folder: string, env: Env): Promise<string[]> {
  const words = ["ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"];
  const rows = (await gitIn(folder, env)(words)).split("\0");
  return rows.flatMap((path) => (path === "" ? [] : [join(folder, path.replace(/\/$/, ""))]));
}

/** Those of the files, by absolute path, that `.gitattributes` as committed gives carriage returns in every clone. */
export async function crlfFiles(folder: string, files: readonly string[], env: Env): Promise<ReadonlySet<string>> {
  if (files.length === 0) return new Set();
  const words = ["-c", "core.attributesFile=/dev/null", "check-attr", "--cached", "--stdin", "-z", "eol"];
  const parts = (await gitIn(folder, env)(words, `${files.join("\0")}\0`)).split("\0");
  return new Set(parts.flatMap((part, at) => (at % 3 === 2 && part === "crlf" ? [parts[at - 2] ?? ""] : [])));
}

/** A file is the commit's as it is, or as Git LFS names it by size and hash (git-lfs, docs/spec.md, "The Pointer"). */
export const isContentOf = (content: Buffer, { id }: CommittedFile): boolean =>
  isBlob(content, id) || isBlob(Buffer.from(pointerTo(content)), id);

/** A file as its commit has it where a checkout changed its line ends alone, else as it is. */
export function committedContent(content: Buffer, file: CommittedFile | undefined): Buffer {
  const unix = Buffer.from(content.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  return unix.length < content.length && isBlob(unix, file?.id ?? null) ? unix : content;
}

/** The text of a file below a root as its commit has it, but for what was changed since; null where there is none. */
export function textOf(root: string, path: string, { committed }: GitFiles): string | null {
  const bytes = readRepoBytes(root, path);
  return bytes && decodeExact(committedContent(bytes, committed.get(realpathSync(join(root, path)))));
}

const pointerTo = (content: Buffer): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${createHash("sha256").update(content).digest("hex")}\nsize ${content.length}\n`;

export const isBlob = (content: Buffer, id: string | null): boolean =>
  id !== null && objectName("blob", content, id.length) === id;
