import { posix } from "node:path";
import type { Facts } from "./facts.ts";

/** A list of tests and how it is chosen; the markers, timeouts and reruns of the original (design.md, "From the documents"). */
export type TestList = {
  /** `null`: the pytest line below; otherwise the words of `tests.<list>.command`. */
  readonly command: readonly string[] | null;
  /** "Nothing collected" counts as a pass only where this is true. */
  readonly mayBeEmpty: boolean;
  /** Whether the image's entrypoint starts it. */
  readonly entrypoint: boolean;
  /** How the list runs for a prod image, which has no code mounted; `null` where the config does not say. */
  readonly prod: ProdWay | null;
};
/**
 * In the prod image itself; from outside, in the dev image below it with the engine's socket; or in a throw-away image, the
 * prod image with the test packages of the dev image beside it.
 */
export type ProdWay = "in_image" | "from_outside" | "with_dev_packages";
export const prodWays = ["in_image", "from_outside", "with_dev_packages"] as const satisfies readonly ProdWay[];
export type ListName = "fast" | "slow" | "superslow" | "qa";
export const listNames = ["fast", "slow", "superslow", "qa"] as const satisfies readonly ListName[];

/** What shows that an image starts on a platform that the engine only emulates. */
export type SmokeTest = { readonly command: readonly string[]; readonly entrypoint: boolean };
export const defaultSmoke = ["uname", "-m"] as const;

type PytestRow = { readonly marker: string; readonly seconds: number; readonly reruns: number; readonly path?: string };
const pytestRows = {
  fast: { marker: "not slow and not superslow and not qa", seconds: 5, reruns: 2 },
  slow: { marker: "slow and not superslow and not qa", seconds: 30, reruns: 1 },
  superslow: { marker: "not slow and superslow and not qa", seconds: 3600, reruns: 1 },
  qa: { marker: "qa and not superslow", seconds: 3600, reruns: 1, path: "test" },
} as const satisfies Record<ListName, PytestRow>;

export type PytestOptions = {
  readonly ci: boolean;
  readonly suite: string;
  readonly report: string;
  readonly cache: string;
  readonly extra: readonly string[];
  /** Dirs that have tests of their own, relative to where pytest starts. */
  readonly without: readonly string[];
  readonly stage: string;
  readonly version: string | null;
};

/** The words that run a list: the configured command, or pytest with the list's marker, timeout (ten times longer outside CI) and reruns. */
export function testCommand(name: ListName, list: TestList, options: PytestOptions): readonly string[] {
  if (list.command) return [...list.command, ...options.extra];
  const row: PytestRow = pytestRows[name];
  const limits = [
    "-o",
    "timeout_func_only=true",
    "--timeout",
    String(row.seconds * (options.ci ? 1 : 10)),
    "--reruns",
    String(row.reruns),
  ];
  const qa =
    name === "qa"
      ? ["--image_stage", options.stage, ...(options.version ? ["--image_version", options.version] : [])]
      : [];
  return [
    "pytest",
    "-m",
    row.marker,
    // Without a path pytest takes its own `testpaths`, else where it starts.
    ...(options.extra.length > 0 ? options.extra : row.path ? [row.path] : []),
    ...options.without.map((dir) => `--ignore=${dir}`),
    ...limits,
    "--only-rerun",
    "Failed: Timeout",
    // Beside the reports, so that pytest neither writes to the tree nor reads there which tests to choose.
    "-o",
    `cache_dir=${options.cache}`,
    ...qa,
    `--junit-xml=${options.report}`,
    "-o",
    `junit_suite_name=${options.suite}`,
  ];
}

/**
 * The dirs below a runnable dir that pytest leaves out: other runnable dirs, and clones of Slipway, whose template is one.
 * Relative to it, as all paths are given relative to the outermost repo.
 */
export function nestedDirs(dir: string, configs: readonly string[], slipway: string | null): readonly string[] {
  const dirs = configs.map((path) =>
    posix.dirname(path.replace(/(^|\/)thin_client\/template\/repo_config\.yaml$/, "/repo_config.yaml")),
  );
  const below = [...dirs, ...(slipway === null ? [] : [slipway])]
    .map((one) => posix.relative(dir, one.replace(/^\//, "")))
    .filter((one) => one !== "" && !one.startsWith(".."));
  const isInOther = (one: string) => below.some((other) => one.startsWith(`${other}/`));
  return [...new Set(below)].filter((one) => !isInOther(one)).sort();
}

/** What names a list's command in a recorded pass: the same on a laptop and in CI, whatever the timeouts. */
export const runnerName = (name: ListName, { command, entrypoint }: TestList): string =>
  runnerOf(command ?? ["pytest", "-m", `"${pytestRows[name].marker}"`], entrypoint);

/** The same of any words. */
export const runnerOf = (words: readonly string[], entrypoint: boolean): string =>
  `${words.join(" ")}${entrypoint ? "" : ", without entrypoint"}`;

/** What may lie in the tree beside the files of its commit: what the config says, and caches that no container of ours reads. */
export function allowedInTree({ config, place }: Pick<Facts, "config" | "place">): (path: string) => boolean {
  const mounted = config.testMounts.map((path) => posix.join(place.dir, path));
  const hasOwnRunner = listNames.some((name) => config.tests[name].command !== null);
  const caches = ["__pycache__", ...(hasOwnRunner ? [] : [".pytest_cache"])];
  return (path) =>
    mounted.some((one) => `${path}/`.startsWith(`${one}/`)) || path.split("/").some((part) => caches.includes(part));
}
