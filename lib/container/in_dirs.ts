import { stepOf } from "../config/tested_dirs.ts";
import { runWorkflow } from "../kinds/run_workflow.ts";
import { tellDirs } from "../kinds/tell_dirs.ts";
import { type Group, group, type Step, step } from "../plan/plan.ts";
import type { InDirs } from "../run/script.ts";

/** A workflow in many dirs, several at once, each with a plan of its own; one that fails ends no other, and the verdict is the worst. */
export function inDirs({ workflow, dirs, words }: InDirs): (Step | Group)[] {
  const of = dirs.map((dir) => ({ step: stepOf(workflow, dir), dir }));
  const steps = of.map(({ step: id, dir }) =>
    step(id, `Run ${workflow} in ${dir}`, [runWorkflow({ workflow, dir, words, tells: true })]),
  );
  const title = `Run ${workflow} in ${dirs.length === 1 ? "1 dir" : `${dirs.length} dirs`}`;
  return [
    group("dirs", title, steps, { atOnce: "cores", onFailure: "go_on", toldLater: true }),
    step("tell", "Report what each dir came to", [tellDirs({ of })]),
  ];
}
