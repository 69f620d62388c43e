import { join } from "node:path";
import type { Facts } from "../plan/facts.ts";
import type { PythonFile } from "../python/import_cycles.ts";
import { readRepoText } from "./files.ts";
import { type LeftOut, loadRepoFiles } from "./repo_files.ts";

/** The Python files of a runnable dir, or those that are named, relative to the outermost repo; and what was left out. */
export async function loadPython(
  { place, env }: Pick<Facts, "place" | "env">,
  named: readonly string[],
): Promise<{ readonly files: readonly PythonFile[]; readonly leftOut: readonly LeftOut[] }> {
  const { files, leftOut } = await loadRepoFiles(place, named.length > 0 ? named : "all", env);
  const isPython = (path: string) => path.endsWith(".py");
  return {
    leftOut: leftOut.filter(({ path }) => isPython(path)),
    files: files.filter(isPython).flatMap((path) => {
      const text = readRepoText(place.root, join(place.dir, path));
      return text === null ? [] : [{ path: join(place.dir, path), text }];
    }),
  };
}
