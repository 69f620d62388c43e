import { lstatSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { UserError } from "../errors.ts";
import type { Place } from "../plan/facts.ts";
import { readStart, realPath } from "./files.ts";
import { gitIn, tryGit } from "./git.ts";
import { forkFromMain } from "./git_main.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Which files of the runnable dir: changed since the commit, since the branch left main, all that Git does not ignore, or named. */
export type WhichFiles = "changed" | "branch" | "all" | readonly string[];

/** Files of a runnable dir, and why others that were meant are left out. */
export type RepoFiles = { readonly files: readonly string[]; readonly leftOut: readonly LeftOut[] };
export type LeftOut = { readonly path: string; readonly why: string };

/**
 * The text files of the runnable dir that are meant, relative to it. Submodules are repos of their own; links, what is no
 * text, and files in a conflict are left out.
 */
export async function loadRepoFiles(place: Place, which: WhichFiles, env: Env): Promise<RepoFiles> {
  const folder = join(place.root, place.dir);
  const git = gitIn(folder, env);
  const list = async (...words: readonly string[]) => namesOf(await git([...words, "-z", "--", "."]));
  const [paths, conflicts] = await Promise.all([
    meantFiles(place, which, { list, git, env }),
    git(["ls-files", "--unmerged", "-z", "--", "."]),
  ]);
  const inConflict = new Set(namesOf(conflicts).map((row) => row.slice(row.indexOf("\t") + 1)));
  const files: string[] = [];
  const leftOut: LeftOut[] = [];
  for (const path of [...new Set(paths)].sort()) {
    const why = inConflict.has(path) ? "is in a conflict" : whyNot(folder, path);
    if (why === null) files.push(path);
    else if (why !== gone) leftOut.push({ path, why });
    else if (path.includes("\uFFFD")) leftOut.push({ path, why: "has a name that is no UTF-8" });
  }
  return { files, leftOut };
}

const namesOf = (text: string): readonly string[] => text.split("\0").filter((name) => name !== "");

type Asking = {
  readonly list: (...words: readonly string[]) => Promise<readonly string[]>;
  readonly git: ReturnType<typeof gitIn>;
  readonly env: Env;
};

const allFiles = ["ls-files", "--cached", "--others", "--exclude-standard"];

async function meantFiles(place: Place, which: WhichFiles, asking: Asking): Promise<readonly string[]> {
  const { list, env } = asking;
  if (which === "all") return list(...allFiles);
  if (which === "changed" || which === "branch") {
    const hasCommit = (await tryGit(place.owner, env, ["rev-parse", "--verify", "--quiet", "HEAD"])).code === 0;
    if (!hasCommit) return list(...allFiles);
    const since = which === "changed" ? "HEAD" : await forkOf(place.owner, asking, "i lint --all");
    const changes = ["diff", "--name-only", "--no-renames", "--no-ext-diff", "--relative", "--ignore-submodules=all"];
    return (await Promise.all([list(...changes, since), list("ls-files", "--others", "--exclude-standard")])).flat();
  }
  const named = which.map((path) => ({ path, inner: innerPath(place, path) }));
  const folders = named.filter(({ path, inner }) => isFolderHere(place, path, inner));
  const below = folders.length > 0 ? await list(...allFiles) : [];
  const isBelow = (path: string) => folders.some(({ inner }) => inner === "." || path.startsWith(`${inner}/`));
  const plain = named.filter((one) => !folders.includes(one));
  return [...plain.map(({ inner }) => inner), ...below.filter(isBelow)];
}

/** A path as typed, relative to the runnable dir. */
function innerPath({ root, dir, cwd }: Place, path: string): string {
  const inner = posix.relative(posix.join(root, dir), posix.resolve(root, cwd, path)) || ".";
  if (inner !== ".." && !inner.startsWith("../") && !inner.split("/").includes(".git")) return inner;
  throw new UserError(`"${path}" is not in the runnable dir "${dir}"`, {
    why: "Only files of the runnable dir are looked at: another has settings of its own.",
    fix: "Name the one that it is in with --dir DIR",
  });
}

function isFolderHere({ root, dir }: Place, path: string, inner: string): boolean {
  const seen = lstatSync(join(root, dir, inner), { throwIfNoEntry: false });
  if (seen) return seen.isDirectory();
  throw new UserError(`"${path}" is not there`, {
    why: "A file that is named is looked at, so it has to be there.",
    fix: "Name files and folders as they are called from where you stand; ls -A shows them",
  });
}

/** The commit at which the branch left main: the remote's where the clone knows it. `all` is what is typed without one. */
async function forkOf(repo: string, { git, env }: Pick<Asking, "git" | "env">, all: string): Promise<string> {
  const fork = await forkFromMain(repo, env);
  if (fork !== null) return fork;
  const isShallow = (await git(["rev-parse", "--is-shallow-repository"])).trim() === "true";
  throw new UserError("this branch has no commit in common with main or master, of origin or here", {
    why: "The files of a branch are those that it changed since it left there.",
    fix: `Fetch it: git fetch ${isShallow ? "--unshallow origin" : "origin main"}; or take all: ${all}`,
  });
}

/**
 * Paths of the outermost repo that changed since a commit, null for the one at which the branch left main, with what Git does
 * not know yet; a submodule is one path, whatever changed of it.
 */
export async function changedPaths({ root }: Place, ref: string | null, env: Env): Promise<readonly string[]> {
  const git = gitIn(root, env);
  const since = ref === null ? await forkOf(root, { git, env }, "i main_pytest") : await commitOf(root, ref, env);
  const changes = [
    "diff",
    "--name-only",
    "--no-renames",
    "--no-ext-diff",
    "--ignore-submodules=none",
    "-z",
    since,
    "--",
  ];
  const listed = [git(changes), git(["ls-files", "--others", "--exclude-standard", "-z"])];
  return [...new Set((await Promise.all(listed)).flatMap(namesOf))];
}

async function commitOf(repo: string, ref: string, env: Env): Promise<string> {
  const words = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`];
  const found = (await tryGit(repo, env, words)).stdout.trim();
  if (found !== "") return found;
  throw new UserError(`${JSON.stringify(ref)} is no commit of this clone`, {
    why: "What changed is told by comparing with it.",
    fix: "Name a branch, a tag or a commit that git log shows, or fetch it first: git fetch origin",
  });
}

const gone = "is gone";

/** Why a path is nothing to lint; null for a file of text. */
function whyNot(folder: string, path: string): string | null {
  const full = join(folder, path);
  const seen = lstatSync(full, { throwIfNoEntry: false });
  if (!seen) return gone;
  if (seen.isSymbolicLink()) return "is a link";
  if (realPath(dirname(full)) !== join(realPath(folder), posix.dirname(path))) return "lies behind a link";
  if (seen.isDirectory()) return "is a repo of its own";
  if (!seen.isFile()) return "is a pipe or a device";
  const start = readStart(full, gitLooksAt);
  if (start === null) return "cannot be read";
  return start.includes(0) ? "is no text" : null;
}

/** A zero byte among so many first ones is what makes a file binary to Git. */
const gitLooksAt = 8000;
