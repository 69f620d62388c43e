import { posix } from "node:path";
import { type ReproMode, targetsOf } from "../formats/pytest_output.ts";
import { announce } from "../kinds/announce.ts";
import { writeFile } from "../kinds/write_file.ts";
import { writtenBy } from "../names/report.ts";
import type { Stage } from "../names/stage.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { visible } from "../text/visible.ts";
import type { ReproSeen } from "./look_repro.ts";

type ReproOptions = { readonly mode: ReproMode; readonly stage: Stage };

/** Shows what is typed to run again what failed: each line for itself, and all at once in the container; a script on demand. */
export function reproduce({ place }: Facts, { mode, stage }: ReproOptions, seen: ReproSeen): Step[] {
  const { ids, leftOut, file, traces, output } = seen;
  const targets = targetsOf(ids, mode);
  const text = [
    ...(traces === null ? [] : [visible(traces), ""]),
    `${countOf(targets.length, mode)} in ${visible(file)}`,
    ...targets.map((target) => `pytest ${quote(target)}`),
    ...(leftOut > 0 ? [`Left out, as no names of tests: ${leftOut}`] : []),
    ...(targets.length > 0 ? ["", "All of them in the container:", inContainer(place, stage, targets)] : []),
  ].join("\n");
  const told = step("report", "Show how to run them again", [
    announce({ text, data: { file, mode, failed: ids, targets, leftOut } }),
  ]);
  if (output === null || targets.length === 0) return [told];
  const lines = [
    "#!/bin/sh",
    `# ${writtenBy} pytest_repro`,
    `exec pytest "$@" ${targets.map(quote).join(" \\\n  ")}`,
    "",
  ];
  const written = writeFile({ path: output.path, content: lines.join("\n"), mode: "0755" });
  return [step("write_script", `Write the script ${output.path}`, [written]), told];
}

const whats = {
  tests: ["failed test", "failed tests"],
  classes: ["class with failed tests", "classes with failed tests"],
  files: ["file with failed tests", "files with failed tests"],
} as const;
const countOf = (count: number, mode: ReproMode): string =>
  `${count === 0 ? "No" : count} ${whats[mode][count === 1 ? 0 : 1]}`;

/** Names start in the runnable dir, and a container where a person stands. */
function inContainer({ dir, cwd }: Facts["place"], stage: Stage, targets: readonly string[]): string {
  const there = dir === cwd ? [] : ["--dir", posix.relative(cwd, dir) || "."];
  const where = stage === "dev" ? [] : ["--stage", stage];
  return ["i", "docker_cmd", ...there, ...where, "--", "pytest", ...targets].map(quote).join(" ");
}
