import { announce } from "../kinds/announce.ts";
import { joinCoverage } from "../kinds/join_coverage.ts";
import { joinReports } from "../kinds/join_reports.ts";
import { runWorkflow } from "../kinds/run_workflow.ts";
import { dataOf } from "../model/coverage.ts";
import type { Facts } from "../model/facts.ts";
import { assertFits, roomFor } from "../model/limits.ts";
import { type Group, group, type Step, step } from "../model/plan.ts";
import { quote } from "../model/render_plan.ts";
import type { Stage } from "../model/stage.ts";
import { shardsOf, stepOf, type TestedDir } from "../model/tested_dirs.ts";
import { choiceWords, type ListChoice, type ListName } from "../model/tests.ts";
import type { TestedDirs } from "../run/look_tested_dirs.ts";
import { reportsOf, slipwayFile } from "./own_files.ts";

export type TestDirsOptions = ListChoice & {
  readonly testLists: readonly ListName[];
  readonly stage: Stage;
  readonly snapshot: boolean;
  readonly teeToFile: boolean;
  readonly changed: string | undefined;
  readonly atOnce: number | undefined;
  readonly failFast: boolean;
  readonly retryFlaky: number | undefined;
  readonly matrix: number | undefined;
};

/** Each list of each dir in a container of its own, several at once, and one verdict and report of all; or the dirs as a matrix for a CI. */
export function testDirs(facts: Facts, options: TestDirsOptions, seen: TestedDirs): (Step | Group)[] {
  const lists = options.testLists.length > 0 ? [...new Set(options.testLists)] : (["fast"] as const);
  if (options.matrix !== undefined) return [matrixOf(options.matrix, lists, seen)];
  const all = lists.flatMap((list) => seen.all.map((dir) => ({ list, dir, id: stepOf(list, dir.dir) })));
  const tests = all.map(({ list, dir, id }) =>
    step(
      id,
      `Run the ${list} tests of ${dir.dir}`,
      [runWorkflow({ workflow: `run_${list}_tests`, dir: dir.dir, words: wordsOf(options, isMeasured(dir, list)) })],
      { skip: seen.chosen.includes(dir) ? null : notChanged(options.changed) },
    ),
  );
  const reports = all.map(({ list, dir, id }) => ({
    ...{ step: id, dir: dir.dir, list },
    report: dir.runs && `${reportsOf({ place: { ...facts.place, ...dir.runs } }, dir.runs.suite)}/${list}.xml`,
  }));
  const to = slipwayFile(facts, "reports", "main_pytest.xml");
  const title = `Run the ${lists.join(", ")} tests of ${dirsOf(seen.chosen)}`;
  const onFailure = options.failFast ? "stop" : "go_on";
  return [
    group("tests", title, tests, { ...atOnceOf(options, seen, all), onFailure, toldLater: true }),
    step("join_reports", "Join the reports", [joinReports({ of: reports, to })]),
    ...(options.coverage ? [coverageOf(facts, options, all)] : []),
  ];
}

const dirsOf = (dirs: readonly TestedDir[]): string => (dirs.length === 1 ? "1 dir" : `${dirs.length} dirs`);

const notChanged = (since: string | undefined): string =>
  `nothing changed since ${since ? quote(since) : "the branch left main"}`;

/** Whether pytest runs a list of a dir; one without a config says itself what is wrong with it. */
const isMeasured = ({ runs }: TestedDir, list: ListName): boolean => runs === null || runs.measured.includes(list);

/** What every list is told, beside its dir; other programs than pytest measure no coverage. */
const wordsOf = (options: TestDirsOptions, measured: boolean): readonly string[] => [
  ...whereWords(options),
  ...(options.teeToFile ? ["--tee-to-file"] : []),
  ...(options.retryFlaky ? ["--retry-flaky", String(options.retryFlaky), "--json"] : []),
  ...choiceWords({ ...options, coverage: options.coverage === true && measured }),
];

const whereWords = ({ stage, snapshot }: TestDirsOptions): readonly string[] => [
  ...(stage === "dev" ? [] : ["--stage", stage]),
  ...(snapshot ? ["--snapshot"] : []),
];

/** One report of what all lists covered. */
function coverageOf(facts: Facts, options: TestDirsOptions, all: readonly Tested[]): Step {
  const of = all.flatMap(({ list, dir: { dir, runs } }) =>
    runs?.measured.includes(list)
      ? [{ dir, data: dataOf(reportsOf({ place: { ...facts.place, ...runs } }, runs.suite), list) }]
      : [],
  );
  const to = slipwayFile(facts, "reports", "main_pytest");
  return step("report_coverage", "Report the coverage", [joinCoverage({ of, words: whereWords(options), to })]);
}

/** As many at once as were typed, as there are cores, or as fit into the engine where dirs say what their lists may use. */
function atOnceOf({ atOnce }: TestDirsOptions, { room: has, chosen }: TestedDirs, all: readonly Tested[]) {
  if (has === null) return { atOnce: atOnce ?? ("cores" as const) };
  const takes = all.flatMap(({ id, list, dir }) => {
    if (!dir.runs || !chosen.includes(dir)) return [];
    const wants = roomFor(dir.runs.limits);
    assertFits(`the ${list} list of ${dir.dir}`, has, wants);
    return [[id, wants] as const];
  });
  return { atOnce: atOnce ?? Math.max(1, takes.length), room: { has, takes: Object.fromEntries(takes) } };
}

type Tested = { readonly list: ListName; readonly dir: TestedDir; readonly id: string };

/** The dirs in parts, as `jobs.<id>.strategy.matrix` of GitHub Actions takes them: each part is the value of `--dirs`. */
function matrixOf(count: number, lists: readonly ListName[], { chosen, times }: TestedDirs): Step {
  const secondsOf = (dir: string) => lists.reduce((sum, list) => sum + (times[stepOf(list, dir)] ?? 1), 0);
  const dirs = chosen.map(({ dir }) => dir);
  const include = shardsOf(dirs, count, secondsOf);
  return step("matrix", "Show the matrix", [announce({ text: JSON.stringify({ include }), data: { include } })]);
}
