import { join, posix, relative } from "node:path";
import { tryGit } from "../doors/git.ts";
import { loadMain } from "../doors/git_main.ts";
import { loadRepos } from "../doors/git_repos.ts";
import type { Main } from "../git/git_main.ts";
import { parentOf, type Repo } from "../git/git_status.ts";
import type { Facts } from "../plan/facts.ts";

type Options = { readonly submodule: readonly string[]; readonly offline: boolean };
/** A submodule whose pointer is to be moved. */
export type Roll = {
  readonly path: string;
  /** Null where it has no remote, or is not there. */
  readonly main: Main | null;
  /** The commit that the last commit of the repo above points at; null where it has no such submodule. */
  readonly pointer: string | null;
  /** It has commits that main lacks. */
  readonly isAhead: boolean;
  /** It stands at a commit that lacks what the repo above points at. */
  readonly isBehind: boolean;
};
export type RollLook = { readonly repos: readonly Repo[]; readonly rolls: readonly Roll[] };

/** The submodules that are named, from where one stands, or the only one; and where their main is. */
export async function lookForRolls({ place, env }: Facts, { submodule, offline }: Options): Promise<RollLook> {
  const { root, cwd } = place;
  const repos = await loadRepos(root, env);
  const below = repos.map(({ path }) => path).filter((path) => path !== ".");
  const typed = submodule.map((path) => {
    // As one is called from where one stands, or from the top, as git_status shows it.
    const [here = path, ...others] = [posix.join(cwd, path), posix.normalize(path)].map((one) =>
      one.replace(/\/$/, ""),
    );
    return [here, ...others].find((one) => below.includes(one)) ?? here;
  });
  const paths = typed.length > 0 ? [...new Set(typed)] : below.length === 1 ? below : [];
  const rolls = paths.map(async (path): Promise<Roll> => {
    const repo = repos.find((one) => one.path === path);
    const none = { path, main: null, pointer: null, isAhead: false, isBehind: false };
    if (repo?.state !== "read" || repo.commit === null || path === ".") return none;
    const above = parentOf(path, repos);
    const { commit, wanted } = repo;
    const [main, pointer] = await Promise.all([
      loadMain(path, { root, offline, env }),
      tryGit(join(root, above), env, ["rev-parse", "--verify", "--quiet", `HEAD:${relative(above, path)}`]),
    ]);
    const hasBehind = async (one: string, other: string) =>
      (await tryGit(join(root, path), env, ["merge-base", "--is-ancestor", one, other])).code;
    return {
      ...none,
      main,
      pointer: pointer.stdout.trim() || null,
      // What this clone does not know yet is not behind what it has: Git tells when it was fetched.
      isAhead: main !== null && (await hasBehind(commit, main.commit)) === 1,
      isBehind: wanted !== null && wanted !== commit && (await hasBehind(wanted, commit)) !== 0,
    };
  });
  return { repos, rolls: await Promise.all(rolls) };
}
