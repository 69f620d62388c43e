import type { Room } from "../config/limits.ts";
import type { Reach } from "../config/trust.ts";
import { UserError } from "../errors.ts";
import { isNode } from "../text/shape.ts";
import { kindOf } from "./kind.ts";

/** Text that is known when the plan is made, or what an earlier step of it makes, the digest of an image, with text before it. */
export type Value = string | { readonly from: string; readonly prefix?: string };

/** A value with text before it: `ghcr.io/acme/app@`. */
export const prefixed = (text: string, value: Value): Value =>
  typeof value === "string" ? text + value : { ...value, prefix: text + (value.prefix ?? "") };

/** One thing that is done, as data; its kind says how it is printed and done (lib/kinds). */
export type Action = { readonly kind: string };

/** One repository in one registry: `{ registry: "ecr", repository: "127.0.0.1:5000/cmamp" }`. */
export type Place = { readonly registry: string; readonly repository: string };

/** One line of a workflow: what it does, as data. */
export type Step = {
  /** snake_case, unique in its plan; what `--from` takes, and how later steps name what it makes. */
  readonly id: string;
  readonly title: string;
  /** Decided while planning; the reason is shown. */
  readonly skip: string | null;
  readonly do: readonly Action[];
};

/** Steps with one verdict, the worst of theirs: so many at a time (`cores`: as many as the machine has), in order without it. */
export type Group = {
  /** snake_case, and the id of nothing else in its plan. */
  readonly id: string;
  readonly title: string;
  readonly atOnce?: number | "cores";
  /** What there is for its steps, and what each takes of it while it runs, by its id: those run at once that fit. */
  readonly room?: { readonly has: Room; readonly takes: Readonly<Record<string, Room>> };
  /** After a step that failed: begin none, and end those that run; or do all the others first. */
  readonly onFailure: "stop" | "go_on";
  /** A later step tells of those that failed, and gives the exit code: the plan goes on to it. */
  readonly toldLater?: true;
  readonly steps: readonly (Step | Group)[];
};

export const isGroup = (part: Step | Group): part is Group => "steps" in part;

/** The steps of a plan in its order, without their groups. */
export const stepsOf = ({ steps }: Pick<Group, "steps">): readonly Step[] =>
  steps.flatMap((part) => (isGroup(part) ? stepsOf(part) : [part]));

/** What is printed, shown to machines, run and compared in tests (design.md, "The plan as data"). */
export type Plan = {
  readonly slipway: 2;
  readonly workflow: string;
  /** The runnable dir, relative to the outermost Git root. */
  readonly dir: string;
  readonly image: string;
  readonly version: string | null;
  /** The Git remote that it reads and changes refs of. */
  readonly remote?: string;
  /** What would refuse it now, where it is only printed. */
  readonly refused?: readonly Refusal[];
  readonly steps: readonly (Step | Group)[];
};
/** An error as data. */
export type Refusal = { readonly kind: string; readonly what: string; readonly why: string; readonly fix: string };

/** Whether a step has to do with the refs of releases: claims, moves of a tag, the log, Git tags. */
export const usesRefs = (one: Step): boolean => one.do.some((action) => kindOf(action).refs);

/** What of the repo the steps that are done make use of, which may go beyond the default (design.md, "Consent"). */
export const reachesOf = (plan: Pick<Plan, "steps">): ReadonlySet<Reach> => {
  const actions = stepsOf(plan).flatMap((step) => (step.skip === null ? step.do : []));
  return new Set(actions.flatMap((action) => kindOf(action).reaches?.(action) ?? []));
};

/** Builds a step; `skip` is why it is not done, null where it is. */
export const step = (
  id: string,
  title: string,
  actions: readonly Action[],
  { skip = null }: Partial<Pick<Step, "skip">> = {},
): Step => ({ id, title, skip, do: actions });

/** The same steps under other ids, by which those of them that use what another makes name it. */
export function renamed(steps: readonly Step[], name: (id: string) => string): Step[] {
  const own = new Set(steps.map(({ id }) => id));
  const made = (_: string, value: unknown) =>
    isNode(value) && typeof value["from"] === "string" && own.has(value["from"])
      ? { ...value, from: name(value["from"]) }
      : value;
  return steps.map((one) => ({ ...one, id: name(one.id), do: JSON.parse(JSON.stringify(one.do), made) }));
}

/** Builds a group of steps, or of groups. */
export const group = (
  id: string,
  title: string,
  steps: Group["steps"],
  how: Pick<Group, "atOnce" | "room" | "onFailure" | "toldLater">,
): Group => ({
  id,
  title,
  ...how,
  steps,
});

/** Refuses a plan of which a part would not run, or not be told from another: names are those of logs and containers too. */
export function assertSound(parts: Group["steps"], names: Set<string> = new Set()): void {
  const refuse = (what: string, fix: string): never => {
    throw new UserError(what, {
      why: "Steps are named in logs, containers and --from, and all of them have to run.",
      fix,
    });
  };
  for (const part of parts) {
    const { id } = part;
    if (!/^[\w-]+$/.test(id)) refuse(`"${id}" is no name of a step`, "Name it in snake_case, like run_fast_tests");
    if (names.has(id))
      refuse(`two steps of this plan are called "${id}"`, "Give each step and group a name of its own");
    names.add(id);
    if (!isGroup(part)) continue;
    const { atOnce = 1 } = part;
    if (atOnce !== "cores" && !(Number.isInteger(atOnce) && atOnce >= 1))
      refuse(`"${id}" does ${atOnce} steps at once`, 'Give atOnce a whole number from 1, or "cores"');
    assertSound(part.steps, names);
  }
}
