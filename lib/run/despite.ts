import { UserError } from "../errors.ts";
import { oldestEngine, plugins } from "../names/engine.ts";
import type { AllFacts, NeededFacts } from "../plan/facts.ts";
import type { Plan, Refusal } from "../plan/plan.ts";
import { isNode } from "../text/shape.ts";

/** What a script has looked at: the facts, and what its own look was answered. */
export type Known = { readonly facts: NeededFacts; readonly seen: unknown };
export type Planned = Known & { readonly steps: Plan["steps"]; readonly refused: readonly Refusal[] };

type Parts = Partial<Pick<AllFacts, "git" | "inputs" | "unpushed" | "engine" | "services">> & {
  /** What prod is planned from where dev and prod are. */
  readonly prod?: Pick<AllFacts, "inputs">;
};

/** States of the world that refuse a run and leave its plan as it is: by the kind of the error, the world without them. */
const states: Readonly<Record<string, (known: Parts) => Parts>> = {
  dirty: ({ git, inputs, prod }) => ({
    ...(git ? { git: { ...git, dirty: [] } } : {}),
    ...(inputs ? { inputs: { ...inputs, other: [] } } : {}),
    ...(prod ? { prod: { ...prod, inputs: { ...prod.inputs, other: [] } } } : {}),
  }),
  shallow: ({ git }) => (git ? { git: { ...git, shallow: false } } : {}),
  unpushed: ({ unpushed }) => (unpushed ? { unpushed: null } : {}),
  services: ({ services }) => (services ? { services: { ...services, missing: [] } } : {}),
  engine: ({ engine }) => (engine ? { engine: { ...engine, up: true, version: oldestEngine.join("."), plugins } } : {}),
};

/** Plans as a run would that is not refused for the state of tree, clone or engine, and says what would refuse it. */
export function planDespite(
  known: Known,
  plan: (known: Known) => Plan["steps"],
  refused: readonly Refusal[] = [],
): Planned {
  try {
    return { ...known, steps: plan(known), refused };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { kind, message: what, why, fix } = error;
    const without = states[kind];
    if (without === undefined || refused.some((one) => one.what === what)) throw error;
    const { facts, seen } = known;
    const others = {
      facts: withOthers(facts, without({ ...facts })),
      seen: isNode(seen) ? { ...seen, ...without(seen) } : seen,
    };
    try {
      return planDespite(others, plan, [...refused, { kind, what, why, fix }]);
    } catch (later) {
      // What an engine lacks that does not answer nobody knows.
      throw kind === "engine" ? error : later;
    }
  }
}

/** The same facts but for some; what was not loaded stays so. */
const withOthers = (facts: NeededFacts, others: Parts): NeededFacts =>
  Object.create(Object.getPrototypeOf(facts), {
    ...Object.getOwnPropertyDescriptors(facts),
    ...Object.getOwnPropertyDescriptors(others),
  }) as NeededFacts;
