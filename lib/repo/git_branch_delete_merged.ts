import type { Repo } from "../git/git_status.ts";
import type { Branch, RepoBranches } from "../git/merged_branches.ts";
import { type RunGit, runGit } from "../kinds/run_git.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { oneLine } from "../text/visible.ts";
import { fetchAll, fetchMain, nameOf } from "./git_moves.ts";

export type DeleteOptions = { readonly remote: boolean; readonly exclude: readonly string[] };
export type DeleteLook = {
  readonly repos: readonly Repo[];
  /** Of the repos that have a remote. */
  readonly branches: readonly RepoBranches[];
  readonly offline: boolean;
};

/** What has to be fetched before anybody can tell what is merged. */
export const fetchForDelete = (_facts: Facts, { remote }: DeleteOptions, { branches, offline }: DeleteLook): Step[] => {
  const fetches = branches.flatMap(({ path, main, isStale }) => {
    if (!isStale || offline) return [];
    return remote ? [fetchAll(path, main)] : fetchMain(path, main);
  });
  return fetches.length > 0 ? [step("fetch", "Fetch branches from the remotes", fetches)] : [];
};

/** Deletes branches that main has, each only if it is still where it was seen. */
export function deleteMerged({ config }: Facts, options: DeleteOptions, { repos, branches }: DeleteLook): Step[] {
  const stays = staysOf(config.release.channels, options);
  return repos.flatMap((repo, index) => {
    const own = branches.find(({ path }) => path === repo.path);
    const here = own?.local.filter(stays(own)) ?? [];
    const there = own?.remote.filter(stays(own)) ?? [];
    const why = notLooked(repo, own);
    const name = nameOf(repo);
    const local = step(`delete_${index}`, oneLine(`Delete merged branches of ${name}`), here.flatMap(deletionOf(own)), {
      skip: why ?? (here.length === 0 ? "nothing to delete" : null),
    });
    if (!options.remote) return [local];
    const pushes = own && there.length > 0 ? [pushOf(own, there)] : [];
    const remote = step(`delete_remote_${index}`, oneLine(`Delete merged branches on the remote of ${name}`), pushes, {
      skip: why ?? (there.length === 0 ? "nothing to delete" : null),
    });
    return [local, remote];
  });
}

/** All that is deleted, and the question; none where nothing is. */
export function asksDelete({ config }: Facts, options: DeleteOptions, { branches }: DeleteLook): string | null {
  const stays = staysOf(config.release.channels, options);
  const lines = branches.flatMap((own) => {
    const shown = (where: string) => (branch: Branch) =>
      oneLine(`${own.path === "." ? "" : `${own.path}: `}${where}${branch.name}  ${branch.commit.slice(0, 12)}`);
    return [
      ...own.local.filter(stays(own)).map(shown("")),
      ...own.remote.filter(stays(own)).map(shown(`on ${own.main.remote}: `)),
    ];
  });
  if (lines.length === 0) return null;
  const many = lines.length === 1 ? "this branch" : `these ${lines.length} branches`;
  return `${lines.join("\n")}\nDelete ${many}? Main has all their commits.`;
}

/** Main, what is in use, the branches that tags follow, and what is named stay. */
const staysOf =
  (channels: Readonly<Record<string, unknown>>, { exclude }: DeleteOptions) =>
  ({ main, inUse }: RepoBranches) =>
  ({ name }: Branch): boolean =>
    ![main.branch, ...inUse, ...exclude].includes(name) && !Object.hasOwn(channels, name);

function notLooked(repo: Repo, own: RepoBranches | undefined): string | null {
  if (repo.state !== "read") return oneLine(`${repo.state}: ${repo.why}`);
  return own ? null : "it has no remote, whose main could have them";
}

/** A branch is deleted where it was seen; `git branch` would ask whether the one that is checked out has it. */
const deletionOf =
  (own: RepoBranches | undefined) =>
  ({ name, commit }: Branch): readonly RunGit[] => {
    if (!own) return [];
    const repo = own.path;
    const deletion = runGit({ repo, argv: ["update-ref", "--no-deref", "-d", `refs/heads/${name}`, commit] });
    const settings = runGit({ repo, argv: ["config", "--local", "--remove-section", `branch.${name}`] });
    return own.configured.includes(name) ? [deletion, settings] : [deletion];
  };

function pushOf({ path, main }: RepoBranches, branches: readonly Branch[]): RunGit {
  const leases = branches.map(({ name, commit }) => `--force-with-lease=refs/heads/${name}:${commit}`);
  return runGit({
    repo: path,
    argv: ["push", ...leases, main.remote, ...branches.map(({ name }) => `:refs/heads/${name}`)],
  });
}
