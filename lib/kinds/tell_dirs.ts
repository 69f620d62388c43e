import { kind } from "../plan/kind.ts";
import type { StepResult } from "../run/world.ts";
import { jsonOf } from "../text/shape.ts";
import { toldBy } from "./run_workflow.ts";

/** Tells what a workflow came to in each of many dirs, in their order, and ends with the worst of the exit codes. */
export type TellDirs = {
  readonly kind: "tell_dirs";
  readonly of: readonly { readonly step: string; readonly dir: string }[];
};

export const tellDirs = kind<TellDirs>("tell_dirs", {
  tells: true,
  lines: ({ of }) => of.map(({ dir }) => `# what it came to in ${dir}`),
  run: async ({ of }, { state, json }) => {
    const parts = of.map(({ step, dir }) => {
      const result = state.results.get(step);
      return { dir, result, text: (toldBy(state, step) ?? "").trimEnd() };
    });
    const bad = parts.filter(({ result }) => result?.state === "failed" || result?.state === "stopped");
    const verdict = bad.length === 0 ? `all ${parts.length} dirs: ok` : `${bad.length} of ${parts.length} dirs: FAILED`;
    state.exitCode = Math.max(0, ...bad.map(({ result }) => result?.error?.exitCode ?? 1));
    if (json) state.data = Object.fromEntries(parts.map(({ dir, result, text }) => [dir, dataOf(text, result)]));
    else state.text.push(...parts.map(({ dir, result, text }) => textOf(dir, text, result)), verdict);
    return "done";
  },
});

function textOf(dir: string, text: string, result: StepResult | undefined): string {
  const { error } = result ?? {};
  // The dir says which step that was.
  const what = error?.what.replace(/^step "[^"]*" of \S+ failed: /, "");
  const failed = error && text === "" ? [`  ${what}`, `  fix: ${error.fix}`] : [];
  const state = result?.state === "failed" ? `failed (${error?.exitCode ?? 1})` : (result?.state ?? "not run");
  return [`${dir}: ${state}`, ...(text === "" ? [] : text.split("\n").map((line) => `  ${line}`)), ...failed].join(
    "\n",
  );
}

const dataOf = (text: string, result: StepResult | undefined): unknown => ({
  state: result?.state ?? "not run",
  result: jsonOf(text) ?? null,
});
