import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Facts, Place } from "../model/facts.ts";
import { listNames, nestedDirs } from "../model/tests.ts";
import { exists, readRepoText, realPath } from "./files.ts";
import { tryGit } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;
const patterns = ["--", "repo_config.yaml", "**/repo_config.yaml"];

/** The configs of all runnable dirs of a repo and of its submodules, relative to it: what Git knows, and what is not ignored. */
async function configsIn(repo: string, env: Env): Promise<readonly string[]> {
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

/** Dirs below the runnable dir with tests of their own, where a list is chosen by pytest. */
export async function loadNested({ config, place, env }: Pick<Facts, "config" | "place" | "env">) {
  if (listNames.every((name) => config.tests[name].command !== null)) return [];
  return nestedDirs(place.dir, await configsIn(place.root, env), ownDir(place));
}

/** Where this Slipway lies in the outermost repo; null outside of it. */
export function ownDir({ root }: Place): string | null {
  const own = relative(root, realPath(fileURLToPath(new URL("../..", import.meta.url))));
  return own === "" || own.startsWith("..") ? null : own;
}

/** Every runnable dir of the owner's repo, and the image name that its config gives. */
export async function findRunnableDirs(place: Place, env: Env): Promise<{ dir: string; image: string }[]> {
  return (await configsIn(place.owner, env)).flatMap((path) => {
    const image = (readRepoText(place.root, join(relative(place.root, place.owner), path)) ?? "").match(
      /^\s*docker_image_name:\s*["']?([\w.-]+)/m,
    )?.[1];
    return image ? [{ dir: path.replace(/\/?repo_config\.yaml$/, "") || ".", image }] : [];
  });
}
