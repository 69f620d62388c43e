import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { UserError } from "../model/errors.ts";
import type { GitFacts, Place } from "../model/facts.ts";
import type { Commit } from "../model/report.ts";
import { capture } from "./shell.ts";

export type Git = (words: readonly string[], input?: string) => Promise<string>;
type Env = Readonly<Record<string, string | undefined>>;

/** Git never asks for a password here, and commits as Slipway where the user has no identity. */
const gitEnv = (env: Env): Env => ({
  GIT_AUTHOR_NAME: "slipway",
  GIT_AUTHOR_EMAIL: "slipway@localhost",
  GIT_COMMITTER_NAME: "slipway",
  GIT_COMMITTER_EMAIL: "slipway@localhost",
  ...env,
  GIT_TERMINAL_PROMPT: "0",
  LC_ALL: "C",
});

/** What changes refs, here or on the remote: cut off half-way it leaves a lock, or moves a ref without saying so. */
const changing = new Set(["push", "tag", "update-ref"]);

/** Runs git in a folder and gives back its answer without the last newline; code and message of a failure are in `tryGit`. */
export const tryGit = (folder: string, env: Env, words: readonly string[], input?: string) =>
  capture(["git", "-C", folder, ...words], {
    cwd: folder,
    env: gitEnv(env),
    apart: changing.has(words[0] ?? ""),
    ...(input === undefined ? {} : { input }),
  });

/** Git bound to a folder; throws what git says. */
export const gitIn =
  (folder: string, env: Env): Git =>
  async (words, input) => {
    const { code, stdout, stderr } = await tryGit(folder, env, words, input);
    if (code === 0) return stdout.replace(/\n$/, "");
    // Facts are read side by side: whoever of them meets it first says the same.
    if (/does not have any commits yet/.test(stderr)) throw noCommit();
    throw new UserError(`git ${words.slice(0, 2).join(" ")} ended with ${code}`, {
      why: stderr.trim().split("\n").slice(-3).join(" ") || "Git gave no reason.",
      fix: code === 127 ? "Install git, e.g. apt-get install git" : `Look at it by hand: git -C ${folder} status`,
      kind: "git",
    });
  };

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

type Code = Pick<GitFacts, "commit" | "branch" | "tree" | "dirty" | "shallow">;

/** The code as it is mounted: commit and branch of the owner, tree with submodules, what is not committed. */
export async function loadCode(place: Place, env: Env): Promise<Code> {
  const root = gitIn(place.root, env);
  const status = ["status", "--porcelain=v2", "--branch", "--untracked-files=normal"];
  const [own, outer, tree, submodules] = await Promise.all([
    gitIn(place.owner, env)(status),
    place.owner === place.root ? "" : root(status),
    tryGit(place.root, env, ["rev-parse", "HEAD^{tree}", "--is-shallow-repository"]),
    existsSync(join(place.root, ".gitmodules")) ? root(["submodule", "status", "--recursive"]) : "",
  ]);
  const [treeName = "", shallow] = tree.stdout.split("\n");
  return {
    commit: own.match(/^# branch.oid (.*)$/m)?.[1] ?? "",
    branch: own.match(/^# branch.head (.*)$/m)?.[1]?.replace(/^\(detached\)$/, "") || null,
    tree: createHash("sha256").update(`${treeName}\n${submodules}`).digest("hex"),
    dirty: [...new Set([...changed(own), ...changed(outer)])],
    shallow: shallow === "true",
  };
}

/** The mounted code, and of the owner's repo: the commit's time, the image's tags, the remote. */
export async function loadGit(place: Place, image: string, env: Env): Promise<GitFacts> {
  const owner = gitIn(place.owner, env);
  const [code, head, tags, remotes] = await Promise.all([
    loadCode(place, env),
    tryGit(place.owner, env, ["log", "-1", "--format=%ct"]),
    owner(["for-each-ref", "--format=%(refname:short) %(objectname) %(*objectname)", `refs/tags/${image}-*`]),
    owner(["remote"]),
  ]);
  if (head.code !== 0) throw noCommit();
  const remote = lines(remotes);
  return {
    ...code,
    time: Number(head.stdout.trim()),
    remote: remote.includes("origin") ? "origin" : (remote[0] ?? null),
    tags: tagsIn(tags),
  };
}

const noCommit = (): UserError =>
  new UserError("the Git repo has no commit", {
    why: "An image is built from a commit.",
    fix: "git add --all && git commit -m 'First commit'",
  });

/** Each tag with its commit: the object that an annotated tag points at, else its own. */
const tagsIn = (text: string): GitFacts["tags"] =>
  Object.fromEntries(
    lines(text)
      .map((line) => line.split(" "))
      .map(([tag, object, peeled]) => [tag, peeled || object || ""]),
  );

/** The paths of porcelain v2: an ordinary line has 8 fields before its path, a renamed one 9, an unmerged one 10. */
const changed = (status: string): string[] =>
  lines(status)
    .filter((line) => !line.startsWith("#"))
    .map((line) => {
      const before = { "1": 8, "2": 9, u: 10 }[line[0] ?? ""] ?? 1;
      return (line.split("\t")[0] ?? line).split(" ").slice(before).join(" ");
    });

/** The tags whose commits have this one behind them or are it. */
export const tagsWith = async (place: Place, commit: string, env: Env): Promise<string[]> =>
  lines(await gitIn(place.owner, env)(["tag", "--list", "--contains", commit]));

type Range = { readonly from: string | null; readonly to: string; readonly most: number };

/** The commits of a runnable dir after one and up to another, newest first, merges left out; null where this clone lacks one. */
export async function commitsBetween(place: Place, { from, to, most }: Range, env: Env): Promise<Commit[] | null> {
  const own = join(place.root, place.dir);
  const { code, stdout } = await tryGit(place.owner, env, [
    ...["log", `--max-count=${most}`, "--no-merges", "--format=%h%x1f%an%x1f%s", from ? `${from}..${to}` : to],
    ...(own === place.owner ? [] : ["--", `:(top,literal)${relative(place.owner, own)}`]),
  ]);
  if (code !== 0) return null;
  return lines(stdout).map((line) => {
    const [hash = "", author = "", subject = ""] = line.split("\u001f");
    return { hash, author, subject };
  });
}

/** A file of the runnable dir as a commit has it; null where the commit, or the file in it, is not known here. */
export async function fileAt(place: Place, { commit, path }: { commit: string; path: string }, env: Env) {
  const file = relative(place.owner, join(place.root, place.dir, path));
  const { code, stdout } = await tryGit(place.owner, env, ["show", `${commit}:${file}`]);
  return code === 0 ? stdout : null;
}

/** The last commit of a repo that changed anything under the paths, with its time in seconds; its last commit when nothing did. */
export async function lastChange(
  repo: string,
  paths: readonly string[],
  env: Env,
): Promise<{ revision: string; time: number }> {
  const log = (more: readonly string[]) => gitIn(repo, env)(["log", "-1", "--format=%H %ct", ...more]);
  const found = paths.length > 0 ? await log(["--", ...paths.map((path) => `:(top,literal)${path}`)]) : "";
  const [revision = "", time = "0"] = (found || (await log([]))).split(" ");
  return { revision, time: Number(time) };
}

/** Files and folders that Git does not track, ignored ones too, of the outermost repo and its submodules; relative to its root. */
export async function untracked(place: Place, env: Env): Promise<string[]> {
  const submodules = lines(await gitIn(place.root, env)(["submodule", "status", "--recursive"]));
  const folders = submodules.map((line) => line.slice(1).split(" ")[1] ?? "").filter((path) => path !== "");
  const lists = await Promise.all(
    ["", ...folders].map(async (folder) => {
      const others = await gitIn(join(place.root, folder), env)(["ls-files", "--others", "--directory", "-z"]);
      return others.split("\0").flatMap((path) => (path === "" ? [] : [join(folder, path)]));
    }),
  );
  return lists.flat().filter((path) => !folders.includes(path.replace(/\/$/, "")));
}
