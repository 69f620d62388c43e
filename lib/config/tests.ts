import { posix } from "node:path";
import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import { quote } from "../plan/render_plan.ts";
import type { ConfigReader, Keys } from "./config_reader.ts";
import type { Limits } from "./limits.ts";

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

const listKeys = {
  command: { is: "words", about: "The words that run it (default: pytest with the list's marker)." },
  may_be_empty: { is: "flag", about: "Whether no test at all is a pass (default: false)." },
  entrypoint: { is: "flag", about: "Whether the image's entrypoint starts it (default: true)." },
  prod: { is: "word", of: prodWays, about: "How it runs for a prod image, in which no code is mounted." },
} as const satisfies Keys;
const listOf = (about: string) => ({ is: "section", keys: listKeys, about }) as const;

/** The keys of `tests`. */
export const testsKeys = {
  fast: listOf("The fast tests."),
  slow: listOf("The slow tests."),
  superslow: listOf("The superslow tests."),
  qa: listOf("The QA tests, which drive the container as a user does."),
  smoke: {
    is: "section",
    keys: {
      command: { is: "words", about: "The words that run it (default: uname -m)." },
      entrypoint: { is: "flag", about: "Whether the image's entrypoint starts it (default: true)." },
    },
    about: "What shows that an image starts on a platform that is only emulated.",
  },
  cpus: { is: "text", about: "Cores that a list's containers get at most, like 2 or 0.5." },
  memory: { is: "text", about: "Memory that a list's containers get at most, like 512m or 4g." },
  swarm: {
    is: "section",
    keys: {
      constraints: {
        is: "words",
        about: "Nodes that its lists run on, by main_pytest --on swarm: [node.labels.size==large].",
      },
      deadline: { is: "text", about: "When the evidence of a list has to be there, like 30m (default: 2h)." },
    },
    about: "How its lists run on a Docker swarm.",
  },
  mount: { is: "words", about: "Paths of the dir that Git does not know and that a release's tests get all the same." },
} as const satisfies Keys;

const memoryUnits: Readonly<Record<string, number>> = { "": 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
/** What an engine gives at least. */
const leastMemory = 6 * 2 ** 20;

type Written = { readonly cpus?: string | undefined; readonly memory?: string | undefined };

/** `tests.cpus` and `tests.memory` of a dir's config, as Docker writes them: `1.5`, `512m`, `4g`. */
export const parseLimits = (read: ConfigReader, { cpus, memory }: Written): Limits => ({
  cpus: cpus === undefined ? null : parseCpus(read, cpus),
  memory: memory === undefined ? null : parseMemory(read, memory),
});

function parseCpus(read: ConfigReader, text: string): number {
  if (/^\d{1,4}(\.\d{1,2})?$/.test(text) && Number(text) > 0) return Number(text);
  const fix = "Write it like cpus: 2 or cpus: 0.5";
  return read.fail(["tests", "cpus"], `is ${JSON.stringify(text)}, no number of cores`, fix);
}

function parseMemory(read: ConfigReader, text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,15})([bkmg]?)b?$/.exec(text.toLowerCase()) ?? [];
  const size = number === "" ? 0 : Number(number) * (memoryUnits[unit] ?? 0);
  if (size >= leastMemory && Number.isSafeInteger(size)) return size;
  const fix = "Write it like memory: 512m or 4g";
  return read.fail(["tests", "memory"], `is ${JSON.stringify(text)}, no memory of 6 MB or more`, fix);
}

/** `tests.swarm` of a dir's config. */
export type ClusterSettings = {
  /** As `docker service create --constraint` takes them. */
  readonly constraints: readonly string[];
  /** Seconds from the start of a list in which its evidence has to be there. */
  readonly deadline: number;
};

const timeUnits: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const usualDeadline = 2 * 3600;
export const constraintForm =
  /^(node\.(?:id|hostname|role|platform\.os|platform\.arch|labels\.[\w.-]{1,100})|engine\.labels\.[\w.-]{1,100}) ?(==|!=) ?([\w.-]{1,100})$/;

export function parseCluster(
  read: ConfigReader,
  {
    constraints = [],
    deadline,
  }: { readonly constraints?: readonly string[] | undefined; readonly deadline?: string | undefined },
): ClusterSettings {
  const wrong = constraints.find((one) => !constraintForm.test(one));
  if (wrong !== undefined)
    read.fail(
      ["tests", "swarm", "constraints"],
      `has ${JSON.stringify(wrong)}, which is no constraint`,
      "Write it like constraints: [node.labels.size==large], as docker service create --constraint takes it",
    );
  return { constraints, deadline: deadline === undefined ? usualDeadline : parseDeadline(read, deadline) };
}

function parseDeadline(read: ConfigReader, text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,5})([smh])$/.exec(text) ?? [];
  const seconds = Number(number) * (timeUnits[unit] ?? 0);
  if (seconds > 0) return seconds;
  const fix = "Write it like deadline: 90s, 30m or 2h";
  return read.fail(["tests", "swarm", "deadline"], `is ${JSON.stringify(text)}, no time`, fix);
}

type PytestRow = { readonly marker: string; readonly seconds: number; readonly reruns: number; readonly path?: string };
const pytestRows = {
  fast: { marker: "not slow and not superslow and not qa", seconds: 5, reruns: 2 },
  slow: { marker: "slow and not superslow and not qa", seconds: 30, reruns: 1 },
  superslow: { marker: "not slow and superslow and not qa", seconds: 3600, reruns: 1 },
  qa: { marker: "qa and not superslow", seconds: 3600, reruns: 1, path: "test" },
} as const satisfies Record<ListName, PytestRow>;

/** What a person says of a run beside its list, as the options that are typed for it are called. */
export type ListChoice = {
  /** `auto` or a number; without it in one process. */
  readonly nThreads?: string | undefined;
  readonly coverage?: boolean;
  readonly collectOnly?: boolean;
  readonly skipSubmodules?: boolean;
  readonly runOnlyTestList?: readonly string[];
  readonly skipTestList?: readonly string[];
  /** Words for the command itself, and behind them those that were typed after `--`. */
  readonly pytestOpts: readonly string[];
  readonly words?: readonly string[];
};

const extraWords = ({ pytestOpts, words = [] }: ListChoice): readonly string[] => [...pytestOpts, ...words];

/** Whether all tests of the list run: only then its pass is one of the list. */
export const isWhole = (choice: ListChoice): boolean =>
  extraWords(choice).length === 0 &&
  !choice.collectOnly &&
  !choice.skipSubmodules &&
  [choice.runOnlyTestList, choice.skipTestList].every((markers = []) => markers.length === 0);

/** The words by which the same is typed for a list of another dir. */
export const choiceWords = (choice: ListChoice): readonly string[] => {
  const { runOnlyTestList = [], skipTestList = [], nThreads } = choice;
  const own = extraWords(choice);
  return [
    ...(nThreads ? ["--n-threads", nThreads] : []),
    ...flagsOf(choice),
    ...(runOnlyTestList.length > 0 ? ["--run-only-test-list", runOnlyTestList.join(",")] : []),
    ...(skipTestList.length > 0 ? ["--skip-test-list", skipTestList.join(",")] : []),
    ...(own.length > 0 ? ["--", ...own] : []),
  ];
};

const flagsOf = ({ coverage, collectOnly, skipSubmodules }: ListChoice): readonly string[] => [
  ...(coverage ? ["--coverage"] : []),
  ...(collectOnly ? ["--collect-only"] : []),
  ...(skipSubmodules ? ["--skip-submodules"] : []),
];

export type PytestOptions = {
  readonly ci: boolean;
  readonly suite: string;
  readonly report: string;
  readonly cache: string;
  readonly choice: ListChoice;
  /** Dirs that have tests of their own, relative to where pytest starts. */
  readonly without: readonly string[];
  readonly stage: string;
  readonly version: string | null;
};

/**
 * The words that run a list: the configured command, or pytest with the list's marker, timeout (ten times longer outside CI)
 * and reruns; throws where the command cannot be told what was chosen.
 */
export function testCommand(name: ListName, list: TestList, options: PytestOptions): readonly string[] {
  const { choice, without } = options;
  if (choice.collectOnly && choice.coverage) throw coversNothing();
  const extra = extraWords(choice);
  if (list.command) {
    assertTakes(name, list.command, choice);
    const left = choice.skipSubmodules ? without : [];
    return [...list.command, ...left.map((dir) => `--ignore=${dir}`), ...pytestFlags(choice), ...extra];
  }
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
  // A run of no test leaves the report of the last one alone.
  const report = choice.collectOnly ? [] : [`--junit-xml=${options.report}`, "-o", `junit_suite_name=${options.suite}`];
  return [
    "pytest",
    "-m",
    markerOf(row, choice),
    // Without a path pytest takes its own `testpaths`, else where it starts.
    ...(extra.length > 0 ? extra : row.path ? [row.path] : []),
    ...without.map((dir) => `--ignore=${dir}`),
    ...limits,
    "--only-rerun",
    "Failed: Timeout",
    // Beside the reports, so that pytest neither writes to the tree nor reads there which tests to choose.
    "-o",
    `cache_dir=${options.cache}`,
    ...qa,
    ...pytestFlags(choice),
    ...report,
  ];
}

/** The list's marker behind those that were chosen. */
const markerOf = ({ marker }: PytestRow, { runOnlyTestList = [], skipTestList = [] }: ListChoice): string =>
  [...runOnlyTestList, ...skipTestList.map((name) => `not ${name}`), marker].join(" and ");

const pytestFlags = ({ coverage, collectOnly, nThreads }: ListChoice): readonly string[] => [
  // The report is made of the data of all lists.
  ...(coverage ? ["--cov=.", "--cov-branch", "--cov-report="] : []),
  ...(collectOnly ? ["--collect-only"] : []),
  ...(nThreads ? ["-n", nThreads] : []),
];

/** Whether a command is pytest, whatever it is told beside: `pytest -x`, `python3 -m pytest`. */
export const isPytest = (command: readonly string[] | null): boolean =>
  command === null ||
  /(^|\/)pytest$/.test(command[0] ?? "") ||
  (/(^|\/)python[\d.]*$/.test(command[0] ?? "") && command[1] === "-m" && command[2] === "pytest");

/** Refuses what a configured command cannot be told: only pytest's own options are known, and which tests it takes is its own. */
function assertTakes(name: ListName, command: readonly string[], choice: ListChoice): void {
  const [marker] = [
    ...((choice.runOnlyTestList ?? []).length > 0 ? ["--run-only-test-list"] : []),
    ...((choice.skipTestList ?? []).length > 0 ? ["--skip-test-list"] : []),
  ];
  const [option] = isPytest(command) ? [] : [...(choice.nThreads ? ["--n-threads"] : []), ...flagsOf(choice)];
  const refused = marker ?? option;
  if (refused === undefined) return;
  throw new UserError(`the ${name} tests do not take ${refused}: they are ${quote(command.join(" "))}`, {
    why: marker
      ? "By which markers a command of repo_config.yaml chooses its tests is its own."
      : "What it means is pytest's, and the words of another program are its own.",
    fix: `Pass its own words: i run_${name}_tests -- ${marker ? "-m MARKERS" : "WORDS"}`,
  });
}

const coversNothing = (): UserError =>
  new UserError("--coverage and --collect-only exclude each other", {
    why: "Tests that are only collected cover nothing.",
    fix: "Leave one of them out",
  });

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

/** The submodules below a runnable dir, relative to it; all paths are given relative to the outermost repo. */
export const submodulesBelow = (dir: string, submodules: readonly string[]): readonly string[] =>
  submodules.map((path) => posix.relative(dir, path)).filter((path) => path !== "" && !path.startsWith(".."));

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
