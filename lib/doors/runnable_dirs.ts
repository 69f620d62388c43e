import { join } from "node:path";
import type { Place } from "../model/facts.ts";
import { readText } from "./files.ts";
import { tryGit } from "./git.ts";

/** Every dir of the owner's repo with a repo_config.yaml, and the image name it gives; from Git's index and what is not ignored. */
export async function findRunnableDirs(
  place: Place,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ dir: string; image: string }[]> {
  const { stdout } = await tryGit(place.owner, env, [
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
    "--",
    "repo_config.yaml",
    "**/repo_config.yaml",
  ]);
  return stdout.split("\0").flatMap((path) => {
    const image = (readText(join(place.owner, path)) ?? "").match(/^\s*docker_image_name:\s*["']?([\w.-]+)/m)?.[1];
    return path !== "" && image ? [{ dir: path.replace(/\/?repo_config\.yaml$/, "") || ".", image }] : [];
  });
}
