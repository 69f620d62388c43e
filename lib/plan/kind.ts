import type { Reach } from "../config/trust.ts";
import type { Outcome, World } from "../run/world.ts";
import type { Action, Value } from "./plan.ts";

/** Shows a value of a plan; `remote` is what is typed for the Git remote. */
export type Show = { (value: Value): string; readonly remote: string };

/** All that is known of one kind of action: how it is printed, how it is done, and what a run has to heed about it. */
export type Kind<A extends Action> = {
  /** The lines that a person could type for it. */
  readonly lines: (action: A, show: Show) => readonly string[];
  /** Looks first, does what is not done, and tells whether it did something. */
  readonly run: (action: A, world: World) => Promise<Outcome>;
  /** Its step runs although `--from` starts later (design.md, "--from"): preflight, claim and gates; `alone`: a step of nothing else. */
  readonly always?: true | "alone";
  /** It has to do with the refs of releases: claims, moves of a tag, the log, Git tags. */
  readonly refs?: true;
  /** It holds a ref that keeps all others from the same work. */
  readonly holds?: true;
  /** It only looks, or adds to what waits for the next push: what is urgent may wait on until it is done. */
  readonly waits?: true;
  /** It only looks: several in a row are done at once. */
  readonly looks?: true;
  /** It is done at once with the looks right after it, whose word counts less than its own. */
  readonly beside?: true;
  /** It only tells, and speaks for itself. */
  readonly tells?: true;
  /** Whether containers of runs that are gone are removed before it: it starts one, or takes their image away. */
  readonly reaps?: (action: A) => boolean;
  /** A container of it may be left when it ends, and is removed when the run ends. */
  readonly leaves?: true;
  /** Whether a person talks to what it starts. */
  readonly talks?: (action: A) => boolean;
  /** Whether what it prints is what was asked for. */
  readonly shows?: (action: A) => boolean;
  /** Whether the log proves its whole step done. */
  readonly isProven?: (action: A, world: World) => Promise<boolean>;
  /** What of the repo it makes use of that may go beyond the default. */
  readonly reaches?: (action: A) => readonly Reach[];
  /** The digest that its workflow is about, where no step makes one. */
  readonly digest?: (action: A) => Value;
  /** What it says is released: the run is remembered with it. */
  readonly release?: (action: A) => Released | null;
};
export type Released = { readonly image: string; readonly stage: string; readonly version: string };

/** Builds an action of one kind, and tells those of it from others. */
export type Maker<A extends Action> = {
  (data: Omit<A, "kind">): A;
  readonly is: (action: Action) => action is A;
};

const kinds = new Map<string, Kind<never>>();

/** Makes a kind known by its name, and gives what builds its actions: who can build one can print and run it. */
export function kind<A extends Action>(name: A["kind"], all: Kind<A>): Maker<A> {
  if (kinds.has(name)) throw new Error(`two kinds of action are called ${name}`);
  kinds.set(name, all);
  const build = (data: Omit<A, "kind">) => ({ kind: name, ...data }) as A;
  return Object.assign(build, { is: (action: Action): action is A => action.kind === name });
}

/** What is known of an action's kind. */
export function kindOf(action: Action): Kind<Action> {
  const known = kinds.get(action.kind);
  if (!known) throw new Error(`no kind of action is called ${action.kind}`);
  return known as Kind<Action>;
}
