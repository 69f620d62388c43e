import { command } from "../../../lib/kinds/command.ts";
import type { Maker } from "../../../lib/plan/kind.ts";
import type { Action, Step } from "../../../lib/plan/plan.ts";
import { shown } from "../../../lib/plan/render_plan.ts";

export const ids = (steps: readonly Step[]): string[] => steps.map(({ id }) => id);

/** The steps that would do something. */
export const active = (steps: readonly Step[]): string[] => ids(steps.filter(({ skip }) => skip === null));

/** The step of that id; fails where the plan has none. */
export function stepOf(steps: readonly Step[], id: string): Step {
  const one = steps.find((each) => each.id === id);
  if (one) return one;
  throw new Error(`no step ${id} in ${ids(steps).join(", ")}`);
}

/** What one kind of action would do in the steps that are not skipped. */
export const doing = <A extends Action>(steps: readonly Step[], { is }: Maker<A>): A[] =>
  steps
    .filter(({ skip }) => skip === null)
    .flatMap((one) => one.do)
    .filter(is);

/** The commands of a plan as one line each. */
export const lines = (steps: readonly Step[]): string[] =>
  doing(steps, command).map(({ argv }) => argv.map(shown).join(" "));
