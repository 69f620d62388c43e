import { join } from "node:path";
import { UserError } from "../errors.ts";
import { type Gitlink, parseGitlinks, parseStatus, type Repo } from "../git/git_status.ts";
import { exists, realPath } from "./files.ts";
import { gitIn } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;

const status = [
  ...["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal"],
  // Each submodule is looked at by itself, so the repo above only compares commits.
  "--ignore-submodules=dirty",
];

/**
 * A super-repo and all submodules below it, each after the one that it lies in. Asks no remote. A repo without `.gitmodules`
 * costs one process of Git, one with it two.
 */
export async function loadRepos(root: string, env: Env): Promise<Repo[]> {
  const [own, below] = await Promise.all([gitIn(root, env)(status), loadBelow(root, ".", env)]);
  return [{ state: "read", path: ".", wanted: null, ...parseStatus(own) }, ...below];
}

async function loadBelow(root: string, path: string, env: Env): Promise<Repo[]> {
  const folder = join(root, path);
  if (!exists(join(folder, ".gitmodules"))) return [];
  const links = parseGitlinks(await gitIn(folder, env)(["ls-files", "--stage", "-z"]));
  const repos = await Promise.all(
    links.map((link) => loadSubmodule(root, { ...link, path: join(path, link.path) }, env)),
  );
  return repos.flat();
}

async function loadSubmodule(root: string, { path, commit: wanted }: Gitlink, env: Env): Promise<Repo[]> {
  const folder = join(root, path);
  if (!exists(join(folder, ".git")))
    return [{ state: "not cloned", path, wanted, why: "git submodule update --init --recursive clones it" }];
  // A link in place of the folder leads Git into another repo.
  if (realPath(folder) !== join(realPath(root), path))
    return [{ state: "unreadable", path, wanted, why: "a link stands in its place" }];
  try {
    const own = parseStatus(await gitIn(folder, env)(status));
    return [{ state: "read", path, wanted, ...own }, ...(await loadBelow(root, path, env))];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [{ state: "unreadable", path, wanted, why: error.why }];
  }
}

/** What `git clean` would remove from the repos: paths by repo; repos in them, and what the patterns name, are none of it. */
export async function loadUntracked(
  root: string,
  repos: readonly Repo[],
  { patterns, ignored }: { readonly patterns: readonly string[]; readonly ignored: boolean },
  env: Env,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const words = ["ls-files", "-z", "--others", "--directory", "--no-empty-directory"];
  const excludes = [...(ignored ? [] : ["--exclude-standard"]), ...patterns.map((pattern) => `--exclude=${pattern}`)];
  const rows = repos.map(async (repo): Promise<[string, readonly string[]]> => {
    if (repo.state !== "read") return [repo.path, []];
    const folder = join(root, repo.path);
    const text = await gitIn(folder, env)([...words, ...excludes]);
    const paths = text.split("\0").filter((path) => path !== "" && !exists(join(folder, path, ".git")));
    return [repo.path, paths];
  });
  return Object.fromEntries(await Promise.all(rows));
}
