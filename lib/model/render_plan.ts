import { kindOf } from "./kind.ts";
import type { Action, Plan, Step, Value } from "./plan.ts";

/** One word as a person would type it in sh. */
export const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A plan as text: numbered steps, each with lines that a person could type; the short form has the steps alone. */
export const renderPlan = (plan: Plan, isShort = false): string =>
  [`${plan.workflow}:`, ...plan.steps.flatMap((step, index) => renderStep(plan, step, { index, isShort }))].join("\n");

function renderStep(plan: Plan, step: Step, { index, isShort }: { index: number; isShort: boolean }): string[] {
  const head = `${String(index + 1).padStart(2)}. ${step.id}: ${step.title}${step.skip ? ` (skipped: ${step.skip})` : ""}`;
  if (step.skip || isShort) return [head];
  return [head, ...step.do.flatMap((action) => renderAction(action, plan.remote).map((line) => `      > ${line}`))];
}

/** A value as it is shown before it is known. */
export const shown = (value: Value): string => (typeof value === "string" ? value : `<digest of ${value.from}>`);

/** The lines that a person could type for one action; `remote` is the Git remote's name or address. */
export const renderAction = (action: Action, remote = "."): readonly string[] =>
  kindOf(action).lines(
    action,
    Object.assign((value: Value) => shown(value), { remote: quote(remote) }),
  );

/** A copy of an image that keeps its digest, as a line. */
export const copyLine = (from: string, to: string): string =>
  `skopeo copy --all --preserve-digests docker://${from} docker://${to}`;
