import { join } from "node:path";
import { changedAt } from "../doors/files.ts";
import { typeWorkflow } from "../kinds/run_workflow.ts";
import { kind } from "../plan/kind.ts";
import { quote } from "../plan/render_plan.ts";

/** The data of one list's coverage, relative to the outermost Git root, and the dir of its list. */
export type CoverageData = { readonly dir: string; readonly data: string };

/** Joins the coverage that lists of many dirs left in this run into one report, made in the container of one of them. */
export type JoinCoverage = {
  readonly kind: "join_coverage";
  readonly of: readonly CoverageData[];
  /** What that container is told beside. */
  readonly words: readonly string[];
  /** What the report is named after, relative to the outermost Git root. */
  readonly to: string;
};

/** What is typed in the outermost repo. */
const lineOf = ({ of, words, to }: Omit<JoinCoverage, "kind">) => ({
  workflow: "run_coverage",
  dir: of[0]?.dir ?? ".",
  words: [...words, "--html", "--output", to, ...of.flatMap(({ data }) => ["--data", data])],
});

export const joinCoverage = kind<JoinCoverage>("join_coverage", {
  reaps: () => true,
  shows: () => true,
  lines: (action) => {
    const { workflow, dir, words } = lineOf(action);
    return [["i", workflow, "--dir", dir, ...words].map(quote).join(" ")];
  },
  run: async ({ of, words, to }, world) => {
    const { root } = world.facts.place;
    const left = of.filter(({ data }) => changedAt(join(root, data)) >= world.owner.at * 1000);
    if (left.length > 0) await typeWorkflow(lineOf({ of: left, words, to }), world);
    world.state.text.push(left.length > 0 ? `Coverage: ${to}.coverage.xml` : "Coverage: no list left data of it");
    return "done";
  },
});
