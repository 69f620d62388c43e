import type { On } from "../config/cluster.ts";
import { assertFits, roomFor } from "../config/limits.ts";
import { shardsOf, stepOf, type TestedDir } from "../config/tested_dirs.ts";
import { choiceWords, type ListChoice, type ListName } from "../config/tests.ts";
import { reportsOf, slipwayFile } from "../container/own_files.ts";
import { dataOf } from "../formats/coverage.ts";
import { announce } from "../kinds/announce.ts";
import { runWorkflow } from "../kinds/run_workflow.ts";
import type { Stage } from "../names/stage.ts";
import type { Facts } from "../plan/facts.ts";
import { type Group, group, type Step, step } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import type { Cluster } from "../run/look_cluster.ts";
import type { TestedDirs } from "../run/look_tested_dirs.ts";
import { onCluster, pushCode, staysHere } from "./cluster_tests.ts";
import { joinCoverage } from "./join_coverage.ts";
import { joinReports } from "./join_reports.ts";

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
  readonly on: On | undefined;
  readonly swarmNetwork: string | undefined;
};

/** Each list of each dir in a container of its own, several at once, and one verdict and report of all; or the dirs as a matrix for a CI. */
export function testDirs(facts: Facts, options: TestDirsOptions, seen: TestedDirs): (Step | Group)[] {
  const lists = options.testLists.length > 0 ? [...new Set(options.testLists)] : (["fast"] as const);
  if (options.matrix !== undefined) return [matrixOf(options.matrix, lists, seen)];
  const all = lists.flatMap((list) => seen.all.map((dir) => ({ list, dir, id: stepOf(list, dir.dir) })));
  const reports = all.map(({ list, dir, id }) => ({
    ...{ step: id, dir: dir.dir, list },
    report: dir.runs && `${reportsOf({ place: { ...facts.place, ...dir.runs } }, dir.runs.suite)}/${list}.xml`,
  }));
  const to = slipwayFile(facts, "reports", "main_pytest.xml");
  const title = `Run the ${lists.join(", ")} tests of ${dirsOf(seen.chosen)}`;
  return [
    ...(seen.cluster === null
      ? [testsHere(options, seen, { all, title })]
      : testsThere(seen.cluster, options, seen, { all, title })),
    step("join_reports", "Join the reports", [joinReports({ of: reports, to })]),
    ...(options.coverage ? [coverageOf(facts, options, all)] : []),
  ];
}

type Tests = { readonly all: readonly Tested[]; readonly title: string };

const endOf = ({ failFast }: TestDirsOptions) => ({ onFailure: failFast ? "stop" : "go_on", toldLater: true }) as const;

/** One list in a container of this machine's engine, by its own workflow. */
const testHere = (options: TestDirsOptions, seen: TestedDirs, { id, list, dir }: Tested, why = ""): Step =>
  step(
    id,
    `Run the ${list} tests of ${dir.dir}${why && ` here, for they want ${why}`}`,
    [runWorkflow({ workflow: `run_${list}_tests`, dir: dir.dir, words: wordsOf(options, isMeasured(dir, list)) })],
    { skip: seen.chosen.includes(dir) ? null : notChanged(options.changed) },
  );

function testsHere(options: TestDirsOptions, seen: TestedDirs, { all, title }: Tests): Group {
  const tests = all.map((one) => testHere(options, seen, one));
  return group("tests", title, tests, { ...atOnceOf(options, seen, all), ...endOf(options) });
}

/** The lists on a cluster, all at once, for it has them wait itself; and beside them those that have to be here. */
function testsThere(
  cluster: Cluster,
  options: TestDirsOptions,
  seen: TestedDirs,
  { all, title }: Tests,
): (Step | Group)[] {
  const placed = all.map((one) => {
    const dir = cluster.dirs.get(one.dir.dir);
    const why = dir ? staysHere(dir, one.list) : null;
    return { one, dir: why === null ? dir : undefined, why: why ?? "" };
  });
  const there = placed.flatMap(({ one, dir }) => {
    if (!dir) return [];
    const { id, list } = one;
    const choice = { ...options, coverage: options.coverage === true && isMeasured(one.dir, list) };
    return [
      step(id, `Run the ${list} tests of ${one.dir.dir} on the swarm`, [
        onCluster(cluster, dir, { list, options: choice }),
      ]),
    ];
  });
  const stays = placed.filter(({ dir }) => !dir);
  const words = { ...options, snapshot: true };
  const here = stays.map(({ one, why }) => testHere(words, seen, one, why));
  const how = endOf(options);
  const parts = [
    ...(there.length > 0
      ? [group("on_swarm", "On the swarm", there, { atOnce: options.atOnce ?? there.length, ...how })]
      : []),
    ...(here.length > 0
      ? [
          group("here", "On this engine", here, {
            ...atOnceOf(
              options,
              seen,
              stays.map(({ one }) => one),
            ),
            ...how,
          }),
        ]
      : []),
  ];
  const dirs = [...new Set(placed.flatMap(({ dir }) => (dir ? [dir] : [])))];
  return [
    ...(there.length > 0 ? [pushCode(cluster, dirs)] : []),
    group("tests", title, parts, { atOnce: Math.max(1, parts.length), ...how }),
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
