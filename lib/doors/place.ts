import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import type { Facts, Place } from "../plan/facts.ts";
import { dataHome } from "./engine.ts";
import { exists, filesIn, isFolder, readText } from "./files.ts";

export const configFile = "repo_config.yaml";

/** The runnable dir that holds `start` or lies above it, with the repos around it; throws where there is none. */
export function findPlace(start: string): Place {
  const from = resolve(start);
  if (!existsSync(from))
    throw new UserError(`the directory "${start}" does not exist`, {
      why: "A workflow runs for a runnable dir.",
      fix: "Give --dir one that exists",
    });
  const here = realpathSync(from);
  const repo = gitAbove(here);
  const dir = climb(here, repo?.top).find((folder) => existsSync(join(folder, configFile)));
  if (!repo || !dir)
    throw new UserError(`no ${repo ? configFile : "Git repo"} in "${start}" or above it`, {
      why: "A runnable dir has a repo_config.yaml, a changelog.txt and a devops dir, and lies in a Git repo.",
      fix: repo ? "Add the toolchain here: i init_runnable_dir" : "Go into your repo, or create one: git init",
    });
  const half = climb(here, dir).find((folder) => folder !== dir && isHalf(folder));
  if (half)
    throw new UserError(`"${half}" has devops and changelog.txt, but no ${configFile}`, {
      why: `Without one it has no image of its own, and that of "${dir}" would be taken for it.`,
      fix: `Add it: i init_runnable_dir --dir ${half} --name ${basename(half)}; or name the other: --dir ${dir}`,
    });
  const owner = gitAbove(dir) ?? repo;
  const root = owner.top;
  assertOwnFolder(owner.common);
  return {
    root,
    dir: relative(root, dir) || ".",
    owner: owner.own,
    gitDir: owner.common,
    cwd: relative(root, here) || ".",
    gitMounts: owner.mounts.filter((mount) => !isInside(mount, root)),
    gitPrograms: gitPrograms(owner.mounts),
    ...helpersAbove(dir, root),
  };
}

/** A runnable dir but for its config. */
const isHalf = (folder: string): boolean =>
  isFolder(join(folder, "devops")) && existsSync(join(folder, "changelog.txt"));

/** `helpers_root` in the runnable dir or in one above it, or in the submodule that the original calls amp. */
function helpersAbove(dir: string, root: string): Pick<Place, "helpersRoot"> {
  const candidates = [...climb(dir, root), join(root, "amp")].map((folder) => join(folder, "helpers_root"));
  const found = candidates.find((folder) => existsSync(folder));
  return found ? { helpersRoot: relative(root, found) } : {};
}

const isInside = (path: string, folder: string): boolean => !relative(folder, path).startsWith("..");
const climb = (from: string, stop?: string): string[] =>
  from === (stop ?? "/") || dirname(from) === from ? [from] : [from, ...climb(dirname(from), stop)];

type Repo = { readonly own: string; readonly top: string; readonly common: string; readonly mounts: readonly string[] };

/** The Git repo around a folder. A submodule's outermost repo is above it; a worktree is outermost itself, with its Git dir elsewhere. */
function gitAbove(folder: string): Repo | undefined {
  const own = climb(folder).find((path) => existsSync(join(path, ".git")));
  if (!own) return undefined;
  const entry = join(own, ".git");
  if (statSync(entry).isDirectory()) return { own, top: own, common: entry, mounts: [entry] };
  const gitDir = resolve(own, (readText(entry) ?? "").replace(/^gitdir:\s*/, "").trim());
  const common = existsSync(join(gitDir, "commondir"))
    ? resolve(gitDir, readFileSync(join(gitDir, "commondir"), "utf8").trim())
    : gitDir;
  if (!["HEAD", "objects"].every((name) => existsSync(join(common, name))))
    throw new UserError(`${entry} leads to "${common}", which is no Git dir`, {
      why: "It is mounted where Git is used, and a container may have written that file.",
      fix: `Look at it: cat ${entry}; a submodule gets it anew by: git submodule update --init`,
    });
  const isWorktree = /\/worktrees\/[^/]+$/.test(gitDir);
  const above = isWorktree || dirname(own) === own ? undefined : gitAbove(dirname(own));
  return { own, top: above?.top ?? own, common, mounts: [...(above?.mounts ?? []), common] };
}

/** A Git dir and those of its submodules below it; a submodule's name may have slashes, its Git dir is the first with a HEAD. */
export const gitDirsIn = (gitDir: string): string[] => [
  gitDir,
  ...modulesBelow(join(gitDir, "modules")).flatMap(gitDirsIn),
];

function modulesBelow(folder: string): string[] {
  if (existsSync(join(folder, "HEAD"))) return [folder];
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => modulesBelow(join(folder, name)));
}

/** Slipway's own files lie in the Git dir, which containers write: a link there would have it write, and remove, elsewhere. */
function assertOwnFolder(gitDir: string): void {
  const folder = join(gitDir, "slipway");
  const isLink = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const link = [folder, ...filesIn(folder).map((name) => join(folder, name))].find(isLink);
  if (link === undefined) return;
  throw new UserError(`"${link}" is a link`, {
    why: "Slipway writes its logs and plans there, and nowhere else.",
    fix: `Remove it: rm ${link}`,
  });
}

/** What of Git dirs names programs. A link is left out: the engine would mount what it leads to. */
const gitPrograms = (mounts: readonly string[]): string[] => [
  ...new Set(
    mounts
      .flatMap(gitDirsIn)
      .flatMap((dir) => [join(dir, "config"), join(dir, "hooks")])
      .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false),
  ),
];

/** The outermost root of the repo around a folder; undefined where no repo is. */
export const rootAbove = (folder: string): string | undefined => gitAbove(folder)?.top;

/** The Git dir that the settings of a folder's repo lie in; null where no repo is. */
export const gitDirAbove = (folder: string): string | null => gitAbove(folder)?.common ?? null;

/** The Slipway clone that runs. */
export const slipwayRoot = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The packages of the shared thin env that a Slipway clone below a root links to, and where its links lie there: they lead out
 * of the repo, so a container that has the repo alone cannot follow them.
 */
export function loadThinEnv(root: string): Facts["thinEnv"] {
  const modules = join(realpathSync(slipwayRoot), "node_modules");
  const source = isInside(modules, root) ? linkedPackages(modules) : null;
  return source === null ? null : { source, target: relative(root, modules) };
}

/** Where the packages lie that a folder of links leads to; null where they lie in it, or are not there. */
function linkedPackages(modules: string): string | null {
  const isLinked = lstatSync(join(modules, "tsx"), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const source = join(modules, ".slipway_env", "node_modules");
  return isLinked && existsSync(source) ? realpathSync(source) : null;
}

/** The Slipway that runs, and the folder that its packages lie in. */
export function ownFolders(): { readonly root: string; readonly modules: string } {
  const root = realpathSync(slipwayRoot);
  const modules = join(root, "node_modules");
  return { root, modules: linkedPackages(modules) ?? modules };
}

/**
 * The place of a dir that is to become runnable; it has to lie in a Git repo. Of a submodule it is that repo, not the one
 * around it: what is added belongs to it alone.
 */
export function newPlace(start: string): Place {
  const here = exists(start) ? realpathSync(resolve(start)) : resolve(start);
  const repo = gitAbove(climb(here).find((folder) => exists(folder)) ?? here);
  if (!repo)
    throw new UserError(`"${start}" is not in a Git repo`, {
      why: "A runnable dir is part of a repo.",
      fix: "Create one: git init",
    });
  const dir = relative(repo.own, here) || ".";
  return { root: repo.own, dir, owner: repo.own, gitDir: repo.common, cwd: dir, gitMounts: [], gitPrograms: [] };
}

/** The place of what belongs to no repo: Slipway's own files, as logs, lie with what else is the user's own. */
export function noPlace(env: Readonly<Record<string, string | undefined>>): Place {
  const root = dataHome(env);
  return { root, dir: ".", owner: root, gitDir: root, cwd: ".", gitMounts: [], gitPrograms: [] };
}
