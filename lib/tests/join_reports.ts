import { dirname, join } from "node:path";
import { changedAt, privateFolder, readRepoText, writePrivate } from "../doors/files.ts";
import type { ListReport } from "../doors/junit.ts";
import { UserError } from "../errors.ts";
import { kind } from "../plan/kind.ts";
import { stepsOf } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import type { World } from "../run/world.ts";
import { renderTable } from "../text/table.ts";
import { seconds } from "../text/units.ts";

/** One list of one dir: the step that runs it, and where its container leaves its report, relative to the outermost Git root. */
export type ListStep = {
  readonly step: string;
  readonly dir: string;
  readonly list: string;
  readonly report: string | null;
};

/** Joins the reports of many lists into one, tells how each of them ended in a table, and ends with the worst of their exit codes. */
export type JoinReports = { readonly kind: "join_reports"; readonly of: readonly ListStep[]; readonly to: string };

export const joinReports = kind<JoinReports>("join_reports", {
  tells: true,
  lines: ({ of, to }) => [
    ...of.flatMap(({ report }) => (report === null ? [] : [`# report ${report}`])),
    `# joined in ${quote(to)}`,
  ],
  run: async ({ of, to }, world) => {
    const reports = of.map((one) => ({ ...reportOf(one, world), result: resultOf(one.step, world) }));
    const { xml, counts } = (await import("../doors/junit.ts")).joinReports(reports);
    const file = join(world.facts.place.root, to);
    privateFolder(dirname(file));
    writePrivate(file, xml);
    const rows = reports.map(({ dir, list, result, seconds }, at) => ({ dir, list, result, seconds, ...counts[at] }));
    const number = (count: number | undefined) => (count === undefined ? "" : String(count));
    const cells = rows.map(({ dir, list, result, seconds: took, tests, failures, errors }) => [
      ...[dir, list, result, number(tests), number(failures), number(errors)],
      took === 0 ? "" : seconds(took),
    ]);
    const table = renderTable(["DIR", "LIST", "RESULT", "TESTS", "FAILED", "ERRORS", "TIME"], cells);
    const failed = of.flatMap(({ step, dir, list }) => {
      const { state, error, log } = world.state.results.get(step) ?? {};
      return state === "failed" ? [{ exitCode: error?.exitCode ?? 1, line: `${dir} ${list}: ${log ?? "no log"}` }] : [];
    });
    const logs = failed.length > 0 ? ["", "Logs of what failed:", ...failed.map(({ line }) => line)] : [];
    world.state.text.push([table, ...logs, "", `JUnit report: ${to}`].join("\n"));
    world.state.exitCode = Math.max(0, ...failed.map(({ exitCode }) => exitCode));
    world.state.data = { lists: rows, report: to };
    return "done";
  },
});

/** How a list ended: `passed`, or in a few words why not. */
function resultOf(id: string, { state, plan }: World): string {
  const result = state.results.get(id);
  if (!result) return "not run";
  if (result.state === "skipped") return `skipped: ${stepsOf(plan).find((step) => step.id === id)?.skip ?? "--from"}`;
  if (result.state === "stopped") return "stopped";
  if (result.state !== "failed") return result.failedRuns ? `flaky (failed ${result.failedRuns}x)` : "passed";
  const code = result.error?.exitCode;
  return code === 5 ? "no tests" : code === 1 ? "failed" : `failed (${code})`;
}

function reportOf({ step, dir, list, report }: ListStep, world: World): ListReport {
  const result = world.state.results.get(step);
  const passed = ["done", "already", "skipped"].includes(result?.state ?? "");
  const why = passed ? "" : (result?.error?.what ?? resultOf(step, world));
  return { dir, list, passed, seconds: result?.seconds ?? 0, why, xml: report && newIn(report, world) };
}

/** The report that this run's container left; null where it left none, or what no report can be. */
function newIn(path: string, { facts, owner }: World): string | null {
  const { root } = facts.place;
  if (changedAt(join(root, path)) < owner.at * 1000) return null;
  try {
    return readRepoText(root, path);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
