/** What a refused rule or a failed step tells its reader: why it is a rule, and the line to type next. */
export type Advice = {
  readonly why: string;
  readonly fix: string;
  readonly exitCode?: number;
  readonly kind?: string;
  /** How the steps of a run ended that did, for machines. */
  readonly steps?: readonly object[];
};

/** The kind of what ends a run with the exit code of a command that spoke for itself: no person is told more. */
export const passed = "exit";

/** A mistake or a state of the world that the user can mend; printed without a stack. Everything else is our bug. */
export class UserError extends Error {
  readonly why: string;
  readonly fix: string;
  /** 2 for wrong usage or a refused rule; the failing command's own code otherwise (design.md, "The plan as data"). */
  readonly exitCode: number;
  /** One word for machines, printed with `--json`. */
  readonly kind: string;
  readonly steps: readonly object[] | undefined;

  constructor(what: string, advice: Advice, options?: ErrorOptions) {
    super(what, options);
    this.name = "UserError";
    this.why = advice.why;
    this.fix = advice.fix;
    this.exitCode = advice.exitCode ?? 2;
    this.kind = advice.kind ?? "refused";
    this.steps = advice.steps;
  }
}
