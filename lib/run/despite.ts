import { oldestEngine, plugins } from "../model/engine.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import type { Plan, Refusal } from "../model/plan.ts";

/** States of the world that refuse a run and leave its plan as it is: by the kind of the error, the world without them. */
const states: Readonly<Record<string, (facts: Facts) => Partial<Facts>>> = {
  dirty: (facts) => ({
    git: { ...facts.git, dirty: [] },
    ...(Object.hasOwn(facts, "inputs") ? { inputs: { ...facts.inputs, other: [] } } : {}),
  }),
  shallow: ({ git }) => ({ git: { ...git, shallow: false } }),
  unpushed: () => ({ unpushed: null }),
  engine: ({ engine }) => ({ engine: { ...engine, up: true, version: oldestEngine.join("."), plugins } }),
};

export type Planned = { readonly facts: Facts; readonly steps: Plan["steps"]; readonly refused: readonly Refusal[] };

/** Plans as a run would that is not refused for the state of tree, clone or engine, and says what would refuse it. */
export function planDespite(
  facts: Facts,
  plan: (facts: Facts) => Plan["steps"],
  refused: readonly Refusal[] = [],
): Planned {
  try {
    return { facts, steps: plan(facts), refused };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { kind, message: what, why, fix } = error;
    const without = states[kind];
    if (without === undefined || refused.some((one) => one.what === what)) throw error;
    try {
      return planDespite(withOthers(facts, without(facts)), plan, [...refused, { kind, what, why, fix }]);
    } catch (later) {
      // What an engine lacks that does not answer nobody knows.
      throw kind === "engine" ? error : later;
    }
  }
}

/** The same facts but for some; what was not loaded stays so. */
const withOthers = (facts: Facts, others: Partial<Facts>): Facts =>
  Object.create(Object.getPrototypeOf(facts), {
    ...Object.getOwnPropertyDescriptors(facts),
    ...Object.getOwnPropertyDescriptors(others),
  }) as Facts;
