import { join } from "node:path";
import { UserError } from "../errors.ts";
import { commandFailure } from "../git/git_command_failure.ts";
import { type Main, trackingRef } from "../git/git_main.ts";
import { gitAt } from "../git/git_words.ts";
import { parseBranch } from "../names/dev_version.ts";
import { quote } from "../plan/render_plan.ts";
import { tryGit } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Ask = { readonly root: string; readonly offline: boolean; readonly env: Env };
type Git = (...words: readonly string[]) => Promise<string>;

/** The main branch of each repo's remote, by path; null for a repo without a remote. Throws where a remote does not answer. */
export async function loadMains(paths: readonly string[], ask: Ask): Promise<Readonly<Record<string, Main | null>>> {
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await loadMain(path, ask)] as const)));
}

/** The main branch of a repo's remote, the only one or `origin`; null where it has none. */
export async function loadMain(path: string, { root, offline, env }: Ask): Promise<Main | null> {
  const git: Git = async (...words) => {
    const { code, stdout, stderr } = await tryGit(join(root, path), env, words);
    if (code === 0) return stdout;
    throw new UserError(`git ${words[0]} in ${JSON.stringify(path)} ended with ${code}`, {
      ...commandFailure(stderr, shownGit(path)),
      kind: "git",
    });
  };
  const remotes = (await git("remote")).split("\n").filter((name) => name !== "");
  if (remotes.length === 0) return null;
  const remote = chosen(remotes, path);
  return offline ? await fetchedMain(remote, path, git) : await askedMain(remote, path, git);
}

const shownGit = (path: string): string => gitAt(path).map(quote).join(" ");

function chosen(remotes: readonly string[], path: string): string {
  const [first = "", ...others] = remotes;
  const remote = others.length === 0 ? first : "origin";
  if (remotes.includes(remote) && !remote.startsWith("-")) return remote;
  throw new UserError(
    `${JSON.stringify(path)} has the remotes ${remotes.map((name) => JSON.stringify(name)).join(", ")}`,
    {
      why: "Main is the main branch of the only remote, or of the one called origin.",
      fix: `Give the one that is meant that name: ${shownGit(path)} remote rename NAME origin`,
      kind: "git",
    },
  );
}

/** Git says of HEAD which branch it is (git-ls-remote(1), "--symref"). */
async function askedMain(remote: string, path: string, git: Git): Promise<Main> {
  const text = await git("ls-remote", "--symref", remote, "HEAD");
  const branch = /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(text)?.[1];
  const commit = /^([0-9a-f]{40,64})\tHEAD$/m.exec(text)?.[1];
  if (branch === undefined || commit === undefined) throw unknownMain(remote, path);
  const main = { remote, branch: parseBranch(branch), commit };
  const fetched = await git("for-each-ref", "--format=%(objectname)", trackingRef(main));
  return { ...main, fetched: fetched.trim() || null };
}

async function fetchedMain(remote: string, path: string, git: Git): Promise<Main> {
  const text = await git("for-each-ref", "--format=%(refname)%00%(symref)%00%(objectname)", ...remoteMains(remote));
  const rows = text.split("\n").map((line) => line.split("\0"));
  const known = remoteMains(remote).map((ref) => rows.find(([name]) => name === ref));
  const [name = "", symref = "", commit = ""] = known.find((row) => row !== undefined) ?? [];
  const before = `refs/remotes/${remote}/`;
  const branch = (symref || name).slice(before.length);
  if (branch === "" || branch === "HEAD") throw unknownMain(remote, path);
  return { remote, branch, commit, fetched: commit };
}

const unknownMain = (remote: string, path: string): UserError =>
  new UserError(`nothing says which branch of ${remote} is the main one, for ${JSON.stringify(path)}`, {
    why: "It is the branch that the remote's HEAD names.",
    fix: `Ask for it: ${shownGit(path)} remote set-head ${quote(remote)} --auto`,
    kind: "git",
  });

const remoteMains = (remote: string): readonly string[] =>
  ["HEAD", "main", "master"].map((name) => `refs/remotes/${remote}/${name}`);
const mains = [...remoteMains("origin"), "refs/heads/main", "refs/heads/master"];

/** The commit at which the branch left main, the remote's where the clone knows it; null where they have none in common. */
export async function forkFromMain(folder: string, env: Env): Promise<string | null> {
  const known = (await tryGit(folder, env, ["for-each-ref", "--format=%(refname)", ...mains])).stdout.split("\n");
  const main = mains.find((ref) => known.includes(ref));
  const fork = main ? (await tryGit(folder, env, ["merge-base", "HEAD", main])).stdout.trim() : "";
  return fork || null;
}
