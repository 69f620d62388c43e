import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Config } from "./config.ts";
import type { Limits } from "./limits.ts";
import { type ListName, listNames } from "./tests.ts";

/** A runnable dir, as one of many that are tested; paths are relative to the outermost Git root, `.` for the root itself. */
export type TestedDir = {
  readonly dir: string;
  /** Where a change means this dir too: `runnable_dir_info.depends_on`. */
  readonly dependsOn: readonly string[];
  /** What its reports are called, and the Git dir below which its lists leave them; null where it has no config to read. */
  readonly runs: {
    readonly suite: string;
    readonly gitDir: string;
    /** Its lists that pytest runs, whose coverage can be measured. */
    readonly measured: readonly ListName[];
    readonly limits: Limits;
  } | null;
};

const isIn = (path: string, folder: string): boolean =>
  folder === "." || path === folder || path.startsWith(`${folder}/`);

/** What changes with every release and is tested by none. */
const isChangelog = (path: string): boolean => posix.basename(path) === "changelog.txt";

/**
 * The dirs that changed paths mean: a path means the innermost dir that holds it, a submodule's pointer all dirs in it; a dir
 * is meant too where one of its `depends_on` is.
 */
export function changedDirs(dirs: readonly TestedDir[], paths: readonly string[]): readonly TestedDir[] {
  const counted = paths.filter((path) => !isChangelog(path));
  const innermost = (path: string) =>
    dirs
      .filter(({ dir }) => isIn(path, dir))
      .sort((a, b) => b.dir.length - a.dir.length || (a.dir === "." ? 1 : -1))[0];
  const changed = new Set<TestedDir>();
  for (const path of counted) {
    const own = innermost(path);
    if (own) changed.add(own);
    for (const one of dirs)
      if ((one.dir !== path && one.dir !== "." && isIn(one.dir, path)) || one.dependsOn.some((on) => isIn(path, on)))
        changed.add(one);
  }
  const depends = (one: TestedDir) =>
    one.dependsOn.some((on) => [...changed].some(({ dir }) => isIn(dir, on) || (dir !== "." && isIn(on, dir))));
  for (let before = -1; before !== changed.size; ) {
    before = changed.size;
    for (const one of dirs) if (!changed.has(one) && depends(one)) changed.add(one);
  }
  return dirs.filter((one) => changed.has(one));
}

/** The name of a dir's list among steps, logs and times: its path where that is a name, else with a hash of it. */
export const stepOf = (list: string, dir: string): string => (dir === "." ? list : `${list}_${nameOf(dir)}`);

function nameOf(dir: string): string {
  const name = dir.replaceAll(/[^\w-]/g, "_");
  return name === dir ? dir : `${name}_${createHash("sha256").update(dir).digest("hex").slice(0, 6)}`;
}

/** What the reports of a dir's lists are called: its image, and the dir too where that is another's, which may run at once. */
export const suiteOf = ({ imageName, imageOf }: Pick<Config, "imageName" | "imageOf">, dir: string): string =>
  imageOf === null ? imageName : `${imageName}@${nameOf(dir)}`;

export type Shard = { readonly shard: number; readonly dirs: string };

/** So many parts of the dirs, as even as the times of their last runs allow: the longest first, each to the emptiest part. */
export function shardsOf(dirs: readonly string[], count: number, secondsOf: (dir: string) => number): readonly Shard[] {
  const parts = Array.from({ length: Math.min(count, dirs.length) }, () => ({ dirs: [] as string[], seconds: 0 }));
  for (const dir of dirs.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    const emptiest = parts.reduce((one, other) => (other.seconds < one.seconds ? other : one));
    emptiest.dirs.push(dir);
    emptiest.seconds += secondsOf(dir);
  }
  return parts.map((part, index) => ({ shard: index + 1, dirs: part.dirs.toSorted().join(",") }));
}

/** The list that a word names, as the original writes it too: `fast`, `run_fast_tests`. */
export const listNamed = (word: string): string => listNames.find((name) => word === `run_${name}_tests`) ?? word;
