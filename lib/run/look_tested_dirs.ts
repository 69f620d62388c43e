import { join, posix } from "node:path";
import { assertTogether, type On } from "../config/cluster.ts";
import { configKeys, imageOfPath } from "../config/config.ts";
import { configReader, didYouMean } from "../config/config_reader.ts";
import type { Room } from "../config/limits.ts";
import { changedDirs, suiteOf, type TestedDir } from "../config/tested_dirs.ts";
import { isPytest, listNames, parseLimits } from "../config/tests.ts";
import { engineRoom } from "../doors/docker.ts";
import { exists } from "../doors/files.ts";
import { findPlace } from "../doors/place.ts";
import { changedPaths } from "../doors/repo_files.ts";
import { dirsIn } from "../doors/runnable_dirs.ts";
import { loadConfig, loadConfigSource } from "../doors/settings.ts";
import { UserError } from "../errors.ts";
import type { Stage } from "../names/stage.ts";
import type { Facts } from "../plan/facts.ts";
import type { Cluster } from "./look_cluster.ts";
import { readTimes } from "./progress.ts";

/** The runnable dirs below the named one, which of them are to be tested, and how long their lists took last time. */
export type TestedDirs = {
  readonly all: readonly TestedDir[];
  readonly chosen: readonly TestedDir[];
  /** Step -> seconds. */
  readonly times: Readonly<Record<string, number>>;
  /** What the engine has, where a dir says what its lists may use. */
  readonly room: Room | null;
  /** Where lists run that do not run here; null where all do. */
  readonly cluster: Cluster | null;
};
type Options = {
  readonly dirs: readonly string[];
  readonly changed: string | undefined;
  readonly on: On | undefined;
  readonly stage: Stage;
  readonly matrix: number | undefined;
  readonly skipSubmodules: boolean;
  readonly offline: boolean;
};

/** Finds the runnable dirs, those of `--dirs` where it names some, and what changed of them; one without a config is told by its own run. */
export async function lookForTestedDirs(facts: Facts, options: Options): Promise<TestedDirs> {
  const { dirs, changed } = options;
  const { place, env } = facts;
  const { root } = place;
  const all = await Promise.all((await chosenDirs(facts, dirs)).map((one) => readDir(root, one, env)));
  const isLimited = all.some(({ runs }) => runs !== null && (runs.limits.cpus ?? runs.limits.memory) !== null);
  const [paths, room] = await Promise.all([
    changed === undefined ? null : changedPaths(place, changed === "" ? null : changed, env),
    isLimited ? engineRoom(root, env) : null,
  ]);
  const chosen = paths === null ? all : changedDirs(all, paths);
  const times = readTimes(facts, "main_pytest");
  return { all, chosen, times, room, cluster: await clusterFor(facts, chosen, options) };
}

async function clusterFor(
  facts: Facts,
  chosen: readonly TestedDir[],
  { on, ...asked }: Options,
): Promise<Cluster | null> {
  if (on === undefined) return null;
  const { lookForCluster } = await import("./look_cluster.ts");
  assertTogether(asked);
  const { skipSubmodules, offline } = asked;
  return lookForCluster(facts, { on, dirs: chosen.map(({ dir }) => dir), skipSubmodules, offline });
}

/** The runnable dirs below the named one, or those of them that `--dirs` names, relative to the outermost Git root. */
export async function chosenDirs({ place, env }: Facts, dirs: readonly string[]): Promise<readonly string[]> {
  const { root, dir } = place;
  if (!exists(join(root, dir)))
    throw new UserError(`the directory "${dir}" does not exist`, {
      why: "The runnable dirs below it are looked for.",
      fix: "Give --dir one that exists, or none for the current one",
    });
  const found = await dirsIn(place, dir, env);
  if (found.length === 0)
    throw new UserError(`there is no runnable dir in "${dir}"`, {
      why: "A run that does nothing proves nothing.",
      fix: "Go up, or add the toolchain to a dir: i init_runnable_dir",
    });
  return named(found, dirs, dir);
}

/** The dirs that were named, as they are called from the dir in which they were looked for; all where none was. */
function named(found: readonly string[], dirs: readonly string[], from: string): readonly string[] {
  if (dirs.length === 0) return found;
  const all = dirs.map((typed) => {
    const dir = posix.join(from, typed).replace(/(?<=.)\/$/, "");
    if (found.includes(dir)) return dir;
    const known = found.map((one) => posix.relative(from, one) || ".");
    throw new UserError(`"${typed}" is no runnable dir of "${from}"`, {
      why: `It has ${known.map((one) => JSON.stringify(one)).join(", ")}.`,
      fix: didYouMean(typed, known, (one) => `--dirs ${one}`) ?? "Name some of them: --dirs A,B",
    });
  });
  return [...new Set(all)];
}

async function readDir(root: string, dir: string, env: Facts["env"]): Promise<TestedDir> {
  try {
    const place = findPlace(join(root, dir));
    const read = configReader(await loadConfigSource(place));
    const name = read.text(["docker_info", "docker_image_name"]);
    // All of a config takes longer to read than its name, and few dirs use another's image.
    const other = read.at(imageOfPath) === undefined ? null : await loadConfig(place, env);
    const image = other ?? (name ? { imageName: name, imageOf: null } : null);
    const { runnable_dir_info: info, tests } = configKeys;
    const lists = read.section(["tests"], tests.keys, { open: true });
    const measured = listNames.filter((list) => isPytest(lists[list]?.command ?? null));
    const { depends_on: dependsOn = [] } = read.section(["runnable_dir_info"], info.keys, { open: true });
    return {
      dir,
      dependsOn: [
        ...dependsOn.map((path) => posix.join(dir, path).replace(/(?<=.)\/$/, "")),
        ...(image?.imageOf ? [image.imageOf] : []),
      ],
      runs: image && { suite: suiteOf(image, dir), gitDir: place.gitDir, measured, limits: parseLimits(read, lists) },
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { dir, dependsOn: [], runs: null };
  }
}
