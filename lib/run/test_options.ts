import { posix } from "node:path";
import type { ListName } from "../config/tests.ts";
import { UserError } from "../errors.ts";
import { commaSeparated, flag, list, type Option, pick, testListsOption, text } from "./options.ts";

/** `serial`, `auto`, or how many processes at once. */
function parseThreads(value: string): string | undefined {
  if (value === "serial") return undefined;
  if (/^(auto|[1-9]\d{0,3})$/.test(value)) return value;
  throw new UserError(`--n-threads "${value}" is no number of processes`, {
    why: "It is serial, auto, or a whole number from 1 to 9999.",
    fix: "Pass one: --n-threads auto",
  });
}

/** Names of markers, which become part of an expression of pytest's. */
const parseMarkers = (option: string) => (value: string) => {
  const names = commaSeparated(value);
  const wrong = names.find((name) => !/^[A-Za-z_]\w*$/.test(name) || ["and", "or", "not"].includes(name));
  if (wrong === undefined) return names;
  throw new UserError(`${option} "${wrong}" is no marker`, {
    why: "A marker of pytest is a name of letters, digits and underscores.",
    fix: `Name markers, comma-separated: ${option} requires_aws,slow_io`,
  });
};

const markers = (option: string, help: string) =>
  list("MARKERS", help, { onlyTyped: true, parse: parseMarkers(option) });

const narrowed = {
  ...pick("stage", "snapshot", "pytestOpts"),
  nThreads: text<string | undefined>("N", "Run tests in N processes, or one per core with auto (pytest-xdist).", {
    parse: parseThreads,
  }),
  skipSubmodules: flag("Leave out the tests of submodules.", { onlyTyped: true }),
  runOnlyTestList: markers("--run-only-test-list", "Run only tests with all of these markers, comma-separated."),
  skipTestList: markers("--skip-test-list", "Leave out tests with any of these markers, comma-separated."),
  teeToFile: flag("Write the output to .git/slipway/reports/IMAGE/LIST.log too."),
} as const;

/** What every workflow of test lists takes; words after `--` are files and tests, or the command's own options. */
export const listOptions = {
  ...narrowed,
  ...pick("retryFlaky"),
  collectOnly: flag("Show the tests of the list and run none.", { onlyTyped: true }),
  coverage: flag("Report which lines the tests run: in the terminal, as HTML and as XML (pytest-cov)."),
} as const;

/** The same of the image of one version. */
export const versionListOptions = { ...listOptions, ...pick("version") } as const;

/** A folder of the runnable dir; coverage.py takes it as a pattern. */
function parseTargetDir(value: string): string {
  const path = posix.normalize(value).replace(/(?<=.)\/$/, "");
  if (!path.startsWith("/") && !path.split("/").includes("..") && !/[*?[\],\p{C}]/u.test(path)) return path;
  throw new UserError(`--target-dir "${value}" is no folder of the runnable dir`, {
    why: "Files below it are reported, and it is no pattern.",
    fix: "Name a folder in the runnable dir: --target-dir src",
  });
}

/** What `run_coverage` takes. */
export const coverageOptions = {
  testLists: { ...testListsOption, aliases: ["suite"] } as Option<readonly ListName[]>,
  ...narrowed,
  ...pick("version"),
  targetDir: text<string | undefined>("DIR", "Report only files below DIR of the runnable dir.", {
    parse: parseTargetDir,
  }),
  html: flag("Report as HTML too.", { aliases: ["generate-html-report"] }),
  data: list("FILE", "Run no tests; report the data that lists left in FILE; can be repeated.", {
    onlyTyped: true,
    parse: (value) => [value],
  }),
  output: text<string | undefined>("PATH", "Write PATH.coverage.xml and PATH.coverage_html.", { onlyTyped: true }),
} as const;
