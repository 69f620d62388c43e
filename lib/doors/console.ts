import { UserError } from "../model/errors.ts";

/** What a person sees. Results go to stdout; progress, questions and errors to stderr. */
export type Console = {
  readonly result: (text: string) => void;
  readonly progress: (text: string) => void;
  readonly raw: (text: string) => void;
  readonly terminal: boolean;
  readonly colour: (style: Style, text: string) => string;
  /** `--yes` answers it; without a terminal it throws. */
  readonly confirm: (question: string) => Promise<boolean>;
  /** Whether there is a person to ask. */
  readonly canAsk: boolean;
  /** What only the person answers, whatever was typed. */
  readonly ask: (question: string) => Promise<boolean>;
};
export type Style = "red" | "green" | "yellow" | "dim" | "bold";
const codes: Readonly<Record<Style, number>> = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

/** The console of this process; `yes` answers every question, `quiet` drops progress. */
export function openConsole(options: {
  yes: boolean;
  quiet: boolean;
  env: Readonly<Record<string, string | undefined>>;
}): Console {
  const terminal = process.stderr.isTTY === true;
  const coloured = terminal && !options.env["NO_COLOR"] && options.env["TERM"] !== "dumb";
  return {
    terminal,
    result: (text) => void process.stdout.write(`${text}\n`),
    progress: (text) => void (options.quiet || process.stderr.write(`${text}\n`)),
    raw: (text) => void (options.quiet || process.stderr.write(text)),
    colour: (style, text) => (coloured ? `\u001b[${codes[style]}m${text}\u001b[0m` : text),
    canAsk: hasPerson(),
    ask,
    confirm: (question) => (options.yes ? Promise.resolve(true) : ask(question)),
  };
}

const hasPerson = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks on the terminal; without one nobody could answer, so it says what to pass. */
async function ask(question: string): Promise<boolean> {
  if (!hasPerson())
    throw new UserError(`nobody can answer "${question}"`, {
      why: "There is no terminal to ask on.",
      fix: "Run it in a terminal, or pass --yes",
    });
  const { confirm } = await import("@inquirer/prompts");
  return confirm({ message: question, default: false }, { output: process.stderr, clearPromptOnDone: false });
}

/** The three parts of an error as a person reads them. */
export const renderError = (error: UserError, colour: Console["colour"]): string =>
  [`${colour("red", "error:")} ${error.message}`, `  why: ${error.why}`, `  fix: ${error.fix}`].join("\n");
