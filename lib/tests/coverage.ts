import { posix } from "node:path";
import { suiteOf } from "../config/tested_dirs.ts";
import type { ListName } from "../config/tests.ts";
import { type Run, runContainer, shellText } from "../container/compose_file.ts";
import { reportsOf } from "../container/own_files.ts";
import { coverageScript, dataOf, reportFiles } from "../formats/coverage.ts";
import { announce } from "../kinds/announce.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import type { Facts } from "../plan/facts.ts";
import type { Action, Step } from "../plan/plan.ts";

/** Where a list's container sees the folder of its reports. */
export const reportsInside = "/slipway/reports";
const outputInside = "/slipway/coverage";

/** Makes sure that the folder of an image's reports is there. */
export const readyReports = (facts: Facts): Action =>
  writeFile({
    path: `${reportsOf(facts, suiteOf(facts.config, facts.place.dir))}/README`,
    content: "JUnit reports of the last run of each test list.\n",
  });

/** Removes the data of a list's last run, which may not count for this one. */
export const forgetCoverage = (facts: Facts, list: ListName): Command =>
  cmd`rm -f ${dataOf(reportsOf(facts, suiteOf(facts.config, facts.place.dir)), list)}`;

export type CoverageChoice = {
  /** Only files below this folder of the runnable dir. */
  readonly targetDir?: string | undefined;
  readonly html: boolean;
  /** What the report is named after, as an absolute path; beside the lists' own reports without it. */
  readonly output?: string | undefined;
};

/** The container that has the code of the lists, and what measured them. */
type Measured = Pick<Run, "image" | "what"> & Partial<Run>;

/** The report of what several lists covered, in the terminal, as XML and as HTML, made where they ran. */
export function reportLists(
  facts: Facts,
  run: Measured,
  { lists, ...choice }: CoverageChoice & { readonly lists: readonly ListName[] },
): Step {
  const reports = `${facts.place.root}/${reportsOf(facts, suiteOf(facts.config, facts.place.dir))}`;
  return report(facts, run, {
    ...choice,
    cwd: facts.place.dir,
    data: lists.map((list) => dataOf(reportsInside, list)),
    mounts: [{ source: reports, target: reportsInside }],
    output: choice.output ?? `${reports}/${lists.join("_")}`,
  });
}

/** The same of data that lists of any dirs left, files by their absolute paths: one report, whose names start in the outermost repo. */
export function reportData(
  facts: Facts,
  run: Measured,
  { files, ...choice }: CoverageChoice & { readonly files: readonly string[] },
): Step {
  const mounts = files.map((source, at) => ({ source, target: `/slipway/data/${at}`, readOnly: true as const }));
  const reports = `${facts.place.root}/${reportsOf(facts, suiteOf(facts.config, facts.place.dir))}`;
  return report(facts, run, {
    ...choice,
    cwd: ".",
    data: mounts.map(({ target }) => target),
    mounts,
    output: choice.output ?? `${reports}/joined`,
  });
}

type Report = CoverageChoice & {
  readonly cwd: string;
  readonly data: readonly string[];
  readonly mounts: NonNullable<Run["mounts"]>;
  readonly output: string;
};

function report(facts: Facts, run: Measured, { cwd, data, mounts, output, targetDir, html }: Report): Step {
  const { root, dir } = facts.place;
  const folder = posix.dirname(output);
  const to = `${outputInside}/${posix.basename(output)}`;
  const target = targetDir === undefined ? "." : posix.relative(cwd, posix.join(dir, targetDir)) || ".";
  const text = shellText(facts, coverageScript({ data, to, root, below: target === "." ? null : target, html }));
  const files = reportFiles(posix.relative(root, output));
  const shown = [files.xml, ...(html ? [`${files.html}/index.html`] : [])];
  return runContainer(facts, {
    ...run,
    id: "report_coverage",
    title: "Report the coverage",
    cwd,
    does: "the report of the coverage",
    meaning: {
      "1": {
        why: "There were no data of it, or none of what it was to report.",
        fix: "Check --target-dir, and that the image has pytest-cov",
      },
    },
    shown: true,
    withoutEngine: true,
    argv: text.argv,
    mounts: [...mounts, { source: folder, target: outputInside }, ...text.mounts],
    before: [readyReports(facts), cmd`mkdir -p ${folder}`, ...text.before, ...(run.before ?? [])],
    after: [
      ...(run.after ?? []),
      announce({ text: shown.map((path) => `Coverage: ${path}`).join("\n"), data: { coverage: shown } }),
    ],
  });
}
