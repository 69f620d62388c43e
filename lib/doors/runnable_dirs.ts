import { join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { listNames, nestedDirs, submodulesBelow } from "../config/tests.ts";
import { parseGitlinks } from "../git/git_status.ts";
import type { Facts, Place } from "../plan/facts.ts";
import { exists, isFolder, readRepoText, realPath } from "./files.ts";
import { tryGit } from "./git.ts";
import { configFile } from "./place.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The files of a name in a repo and in its submodules, relative to it: what Git knows, and what is not ignored. */
async function filesNamed(names: readonly string[], repo: string, env: Env): Promise<readonly string[]> {
  const patterns = ["--", ...names.flatMap((name) => [name, `**/${name}`])];
  // Git lists what is untracked in no submodule (git-ls-files(1)), which takes a second look.
  const kinds = exists(join(repo, ".gitmodules"))
    ? [
        ["--cached", "--recurse-submodules"],
        ["--others", "--exclude-standard"],
      ]
    : [["--cached", "--others", "--exclude-standard"]];
  const listed = await Promise.all(kinds.map((kind) => tryGit(repo, env, ["ls-files", "-z", ...kind, ...patterns])));
  return [...new Set(listed.flatMap(({ stdout }) => stdout.split("\0")))].filter((path) => path !== "");
}

const configsIn = (repo: string, env: Env) => filesNamed([configFile], repo, env);

/** Dirs below the runnable dir with tests of their own, where a list is chosen by pytest. */
export async function loadNested({ config, place, env }: Pick<Facts, "config" | "place" | "env">) {
  if (listNames.every((name) => config.tests[name].command !== null)) return [];
  return nestedDirs(place.dir, await configsIn(place.root, env), ownDir(place));
}

/** What a list leaves out: dirs with tests of their own, and all submodules where those are to be skipped. */
export async function loadLeftOut(
  facts: Pick<Facts, "config" | "place" | "env">,
  { skipSubmodules }: { readonly skipSubmodules: boolean },
): Promise<readonly string[]> {
  const nested = await loadNested(facts);
  if (!skipSubmodules) return nested;
  const { root, owner, dir } = facts.place;
  const { stdout } = await tryGit(owner, facts.env, ["ls-files", "--stage", "-z"]);
  const paths = parseGitlinks(stdout).map(({ path }) => join(relative(root, owner), path));
  return [...new Set([...nested, ...submodulesBelow(dir, paths)])];
}

/** Where this Slipway lies in the outermost repo; null outside of it. */
export function ownDir({ root }: Place): string | null {
  const own = relative(root, realPath(fileURLToPath(new URL("../..", import.meta.url))));
  return own === "" || own.startsWith("..") ? null : own;
}

/**
 * The runnable dirs in a folder of the outermost repo, those of submodules too, relative to the root: what has a config, and
 * what shows that it should have one: devops beside changelog.txt, or the original's marker. Not Slipway's own template.
 */
export async function dirsIn(place: Place, folder: string, env: Env): Promise<readonly string[]> {
  const { root } = place;
  const own = ownDir(place);
  const marks = await filesNamed([configFile, "changelog.txt", "runnable_dir"], root, env);
  const dirs = marks
    .filter((path) => posix.basename(path) !== "changelog.txt" || isFolder(join(root, posix.dirname(path), "devops")))
    .map((path) => posix.dirname(path))
    .filter((dir) => isInside(dir, folder) && !(own !== null && isInside(dir, own)))
    .filter((dir) => !/(^|\/)thin_client\/template$/.test(dir) && isFolder(join(root, dir)));
  return [...new Set(dirs)].sort();
}

const isInside = (dir: string, folder: string): boolean => folder === "." || `${dir}/`.startsWith(`${folder}/`);

/** Every runnable dir of the owner's repo, and the image name that its config gives. */
export async function findRunnableDirs(place: Place, env: Env): Promise<{ dir: string; image: string }[]> {
  return (await configsIn(place.owner, env)).flatMap((path) => {
    const image = (readRepoText(place.root, join(relative(place.root, place.owner), path)) ?? "").match(
      /^\s*docker_image_name:\s*["']?([\w.-]+)/m,
    )?.[1];
    return image ? [{ dir: path.replace(/\/?repo_config\.yaml$/, "") || ".", image }] : [];
  });
}
