import type { Action, Command, Word } from "./action.ts";

export type * from "./action.ts";

/** One line of a workflow: what it does, as data. */
export type Step = {
  /** snake_case, unique in its plan; what `--from` takes. */
  readonly id: string;
  readonly title: string;
  /** Decided while planning; the reason is shown. */
  readonly skip: string | null;
  readonly yields: "image" | "claim" | "git_tag" | null;
  readonly do: readonly Action[];
};

/** What is printed, shown to machines, run and compared in tests (design.md, "The plan as data"). */
export type Plan = {
  readonly slipway: 1;
  readonly workflow: string;
  /** The runnable dir, relative to the outermost Git root. */
  readonly dir: string;
  readonly image: string;
  readonly version: string | null;
  /** The Git remote that it reads and changes refs of. */
  readonly remote?: string;
  /** What would refuse it now, where it is only printed. */
  readonly refused?: readonly Refusal[];
  readonly steps: readonly Step[];
};
/** An error as data. */
export type Refusal = { readonly kind: string; readonly what: string; readonly why: string; readonly fix: string };

/** Whether a step has to do with the refs of releases: claims, moves of a tag, the log, Git tags. */
export const usesRefs = (one: Step): boolean =>
  one.do.some(({ kind }) => kind === "git_ref" || kind === "record" || kind === "move_tag");

/** Builds a step; what is not given is `null`. */
export function step(id: string, title: string, actions: readonly Action[], more: Partial<Step> = {}): Step {
  return { id, title, skip: null, yields: null, do: actions, ...more };
}

type Value = Word | readonly Word[] | false | null | undefined;

/**
 * Writes a command as in the documents: a value is one word, a list is many, `false` is none.
 * Throws on quotes, pipes and redirections in the text, which a command does not have.
 */
export function cmd(text: TemplateStringsArray, ...values: readonly Value[]): Command {
  const argv: Word[] = [];
  let open = false;
  const add = (word: Word) => {
    const last = argv.at(-1);
    if (!open) argv.push(word);
    else if (typeof last === "string" && typeof word === "string") argv[argv.length - 1] = last + word;
    else throw new Error("cmd: a digest is a word of its own");
    open = true;
  };
  for (const [index, part] of text.entries()) {
    if (/["'`|&;<>$\\]/.test(part)) throw new Error(`cmd: "${part}" holds shell text; write argv`);
    for (const letter of part)
      if (/\s/.test(letter)) open = false;
      else add(letter);
    const value = values[index];
    if (value === undefined || value === null || value === false) continue;
    if (!Array.isArray(value)) {
      add(value as Word);
      continue;
    }
    for (const word of value as readonly Word[]) {
      open = false;
      add(word);
    }
    open = false;
  }
  return { kind: "command", argv, env: {}, cwd: "." };
}
