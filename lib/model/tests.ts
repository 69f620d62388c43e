/** A list of tests and how it is chosen; the markers, timeouts and reruns of the original (original.md, 6.1). */
export type TestList = {
  /** `null`: the pytest line below; otherwise the words of `tests.<list>.command`. */
  readonly command: readonly string[] | null;
  /** "Nothing collected" counts as a pass only where this is true. */
  readonly mayBeEmpty: boolean;
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
export const defaultSmoke = ["uname", "-m"] as const;

type PytestRow = { readonly marker: string; readonly seconds: number; readonly reruns: number; readonly path: string };
const pytestRows = {
  fast: { marker: "not slow and not superslow and not qa", seconds: 5, reruns: 2, path: "." },
  slow: { marker: "slow and not superslow and not qa", seconds: 30, reruns: 1, path: "." },
  superslow: { marker: "not slow and superslow and not qa", seconds: 3600, reruns: 1, path: "." },
  qa: { marker: "qa and not superslow", seconds: 3600, reruns: 1, path: "test" },
} as const satisfies Record<ListName, PytestRow>;

export type PytestOptions = {
  readonly ci: boolean;
  readonly suite: string;
  readonly report: string;
  readonly extra: readonly string[];
  readonly stage: string;
  readonly version: string | null;
};

/** The words that run a list: the configured command, or pytest with the list's marker, timeout (ten times longer outside CI) and reruns. */
export function testCommand(name: ListName, list: TestList, options: PytestOptions): readonly string[] {
  if (list.command) return [...list.command, ...options.extra];
  const row = pytestRows[name];
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
    ...(options.extra.length > 0 ? options.extra : [row.path]),
    ...limits,
    "--only-rerun",
    "Failed: Timeout",
    ...qa,
    `--junit-xml=${options.report}`,
    "-o",
    `junit_suite_name=${options.suite}`,
  ];
}

/** What names a list's command in a recorded pass: the same on a laptop and in CI, whatever the timeouts. */
export const runnerName = (name: ListName, list: TestList): string =>
  list.command ? list.command.join(" ") : `pytest -m "${pytestRows[name].marker}"`;
