import { announce } from "../kinds/announce.ts";
import { joinReports } from "../kinds/join_reports.ts";
import { runWorkflow } from "../kinds/run_workflow.ts";
import type { Facts } from "../model/facts.ts";
import { type Group, group, type Step, step } from "../model/plan.ts";
import { quote } from "../model/render_plan.ts";
import type { Stage } from "../model/stage.ts";
import { shardsOf, stepOf, type TestedDir } from "../model/tested_dirs.ts";
import type { ListName } from "../model/tests.ts";
import type { TestedDirs } from "../run/look_tested_dirs.ts";
import { reportsOf, slipwayFile } from "./own_files.ts";

export type TestDirsOptions = {
  readonly testLists: readonly ListName[];
  readonly stage: Stage;
  readonly snapshot: boolean;
  readonly pytestOpts: readonly string[];
  readonly changed: string | undefined;
  readonly atOnce: number | undefined;
  readonly failFast: boolean;
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
      [runWorkflow({ workflow: `run_${list}_tests`, dir: dir.dir, words: wordsOf(options) })],
      { skip: seen.chosen.includes(dir) ? null : notChanged(options.changed) },
    ),
  );
  const reports = all.map(({ list, dir, id }) => ({
    ...{ step: id, dir: dir.dir, list },
    report: dir.runs && `${reportsOf({ place: { ...facts.place, ...dir.runs } }, dir.runs.image)}/${list}.xml`,
  }));
  const to = slipwayFile(facts, "reports", "main_pytest.xml");
  const title = `Run the ${lists.join(", ")} tests of ${dirsOf(seen.chosen)}`;
  const onFailure = options.failFast ? "stop" : "go_on";
  return [
    group("tests", title, tests, { atOnce: options.atOnce ?? "cores", onFailure, toldLater: true }),
    step("join_reports", "Join the reports", [joinReports({ of: reports, to })]),
  ];
}

const dirsOf = (dirs: readonly TestedDir[]): string => (dirs.length === 1 ? "1 dir" : `${dirs.length} dirs`);

const notChanged = (since: string | undefined): string =>
  `nothing changed since ${since ? quote(since) : "the branch left main"}`;

/** What every list is told, beside its dir. */
const wordsOf = ({ stage, snapshot, pytestOpts }: TestDirsOptions): readonly string[] => [
  ...(stage === "dev" ? [] : ["--stage", stage]),
  ...(snapshot ? ["--snapshot"] : []),
  ...pytestOpts.flatMap((word) => ["--pytest-opts", quote(word)]),
];

/** The dirs in parts, as `jobs.<id>.strategy.matrix` of GitHub Actions takes them: each part is the value of `--dirs`. */
function matrixOf(count: number, lists: readonly ListName[], { chosen, times }: TestedDirs): Step {
  const secondsOf = (dir: string) => lists.reduce((sum, list) => sum + (times[stepOf(list, dir)] ?? 1), 0);
  const dirs = chosen.map(({ dir }) => dir);
  const include = shardsOf(dirs, count, secondsOf);
  return step("matrix", "Show the matrix", [announce({ text: JSON.stringify({ include }), data: { include } })]);
}
