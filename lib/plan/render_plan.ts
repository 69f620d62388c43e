import { bytes } from "../text/units.ts";
import { kindOf } from "./kind.ts";
import { type Action, type Group, isGroup, type Plan, type Step, type Value } from "./plan.ts";

/** One word as a person would type it in sh. */
export const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A plan as text: numbered steps, each with lines that a person could type; the short form has the steps alone. */
export function renderPlan(plan: Plan, isShort = false): string {
  let number = 0;
  const lines = (part: Step | Group, depth: number): string[] => {
    const indent = "  ".repeat(depth);
    if (isGroup(part))
      return [`    ${indent}${groupTitle(part)}`, ...part.steps.flatMap((one) => lines(one, depth + 1))];
    number += 1;
    const head = `${String(number).padStart(2)}. ${indent}${part.id}: ${part.title}`;
    if (part.skip) return [`${head} (skipped: ${part.skip})`];
    if (isShort) return [head];
    const typed = part.do.flatMap((action) => renderAction(action, plan.remote));
    return [head, ...typed.map((line) => `      ${indent}> ${line}`)];
  };
  return [`${plan.workflow}:`, ...plan.steps.flatMap((part) => lines(part, 0))].join("\n");
}

/** A group in a line: `lists: Run the test lists, 4 at once, all of them also after a failure`. */
export function groupTitle({ id, title, atOnce, room, onFailure }: Group): string {
  const fits = room ? [`as fits in ${room.has.cpus} cores and ${bytes(room.has.memory)} of memory`] : [];
  const many =
    atOnce === undefined ? [] : [atOnce === "cores" ? "as many at once as there are cores" : `${atOnce} at once`];
  return [
    `${id}: ${title}`,
    ...many,
    ...fits,
    ...(onFailure === "go_on" ? ["all of them, also after a failure"] : []),
  ].join(", ");
}

/** A value as it is shown before it is known. */
export const shown = (value: Value): string =>
  typeof value === "string" ? value : `${value.prefix ?? ""}<digest of ${value.from}>`;

/** The lines that a person could type for one action; `remote` is the Git remote's name or address. */
export const renderAction = (action: Action, remote = "."): readonly string[] =>
  kindOf(action).lines(
    action,
    Object.assign((value: Value) => shown(value), { remote: quote(remote) }),
  );

/** A copy of an image that keeps its digest, as a line. */
export const copyLine = (from: string, to: string): string =>
  `skopeo copy --all --preserve-digests docker://${from} docker://${to}`;
