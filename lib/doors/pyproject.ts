import { join, relative } from "node:path";
import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import { readRepoText } from "./files.ts";
import { findRunnableDirs } from "./runnable_dirs.ts";

/** What the packages of an image are asked for in; all paths are relative to `root`. */
export type PackageFacts = {
  readonly pyproject: {
    readonly folder: string;
    readonly text: string;
    /** The parsed file. */
    readonly value: unknown;
    readonly lock: string | null;
    readonly pipList: string | null;
  } | null;
  /** Runnable dirs below this one. */
  readonly nested: readonly string[];
};

/** Where the packages of an image are asked for: beside its Dockerfile as in the documents, else at the runnable dir's top. */
const folders = ["devops/docker_build", "."] as const;

/** pyproject.toml of a runnable dir with its lock, and the runnable dirs below it, whose code runs in images of their own. */
export async function loadPackages({ place, env }: Pick<Facts, "place" | "env">): Promise<PackageFacts> {
  const owner = relative(place.root, place.owner);
  const others = await findRunnableDirs(place, env);
  const nested = others
    .map(({ dir }) => join(owner, dir))
    .filter((dir) => dir !== place.dir && (place.dir === "." || dir.startsWith(`${place.dir}/`)));
  for (const name of folders) {
    const folder = join(place.dir, name);
    const text = readRepoText(place.root, join(folder, "pyproject.toml"));
    if (text === null) continue;
    const file = (name: string) => readRepoText(place.root, join(folder, name));
    const value = await parseToml(text, join(folder, "pyproject.toml"));
    return { nested, pyproject: { folder, text, value, lock: file("poetry.lock"), pipList: file("pip_list.txt") } };
  }
  return { nested, pyproject: null };
}

/** A TOML file as a value; throws with file and line where it is none. */
export async function parseToml(text: string, file: string): Promise<unknown> {
  const { parse, TomlError } = await import("../../node_modules/smol-toml/dist/index.js");
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new UserError(`${file}:${error.line} is no TOML`, {
      why: error.message.split("\n")[0] ?? "",
      fix: "Fix that line, then run the same command again",
    });
  }
}
