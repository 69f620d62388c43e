import { passed, UserError } from "../errors.ts";
import { visible, withoutCommands } from "../text/visible.ts";
import { interrupted, interruption } from "./interrupt.ts";
import { withoutLines, writeAbove } from "./live.ts";
import { type Face, folded, live, plain, quiet } from "./progress.ts";

/** What a person sees. Results go to stdout; progress, questions and errors to stderr. */
export type Console = {
  readonly result: (text: string) => void;
  readonly progress: (text: string) => void;
  readonly raw: (text: string) => void;
  /** Shows that a step begins; gives what takes its output and its end. */
  readonly begin: Face;
  readonly terminal: boolean;
  /** Results are read in a terminal, and by no program. */
  readonly isRead: boolean;
  readonly colour: (style: Style, text: string) => string;
  /** `--yes` answers it; without a terminal it throws. */
  readonly confirm: (question: string) => Promise<boolean>;
  /** Whether there is a person to ask, who did not answer beforehand. */
  readonly canAsk: boolean;
  /** What only the person answers, whatever was typed. */
  readonly ask: (question: string) => Promise<boolean>;
};
/** Stands for the escape that begins a colour: nobody who wrote a text that is shown can know it. */
const mark = crypto.randomUUID();
const colours = new RegExp(`${mark}(\\d+m)`, "g");

/** Text as it reaches a terminal, a pipe or a log of CI: with Slipway's own colours, and nothing else that steers. */
function shown(text: string): string {
  const safe = visible(text);
  return (process.env["CI"] ? withoutCommands(safe) : safe).replaceAll(colours, "\u001b[$1");
}

/** Writes lines to stdout, where results go. */
export const printLine = (text: string): void => void process.stdout.write(`${shown(text)}\n`);

/** Tells a person something on stderr; there may be no run yet that has a console. */
export const notice = (text: string): void => writeAbove(`${shown(text)}\n`);

/** Columns of the terminal that stdout is; 80 where it is none, or does not tell. */
export const outputColumns = (): number => process.stdout.columns || 80;

let isRead = true;

/** Whether what goes to stdout still reaches somebody. */
export const hasReader = (): boolean => isRead;

/**
 * Lets the process outlive whoever reads it: what is done does not fail because `head` has seen enough, the terminal was
 * closed or a disk is full. Only the full disk is told, because who reads the file would not know.
 */
export function outliveReaders(): void {
  isRead = true;
  if (process.stdout.listeners("error").includes(onUnread)) return;
  process.stdout.on("error", onUnread);
  process.stderr.on("error", () => {});
}

function onUnread(error: NodeJS.ErrnoException): void {
  if (isRead && error.code !== "EPIPE" && error.code !== "EIO") notice(`stdout could not be written: ${error.message}`);
  isRead = false;
}

export type Style = "red" | "green" | "yellow" | "dim" | "bold";
const codes: Readonly<Record<Style, number>> = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

/** The console of this process; `yes` answers every question, `quiet` drops progress, `verbose` shows all output. */
export function openConsole(options: {
  yes: boolean;
  quiet: boolean;
  verbose: boolean;
  env: Readonly<Record<string, string | undefined>>;
}): Console {
  const terminal = process.stderr.isTTY === true;
  const isPlain = options.env["TERM"] === "dumb";
  const coloured = terminal && !options.env["NO_COLOR"] && !isPlain;
  const colour = (style: Style, text: string) => (coloured ? `${mark}${codes[style]}m${text}${mark}0m` : text);
  const raw = options.quiet ? () => undefined : writeAbove;
  const paper = { say: notice, raw, colour };
  const face = () => {
    if (options.quiet) return quiet(paper);
    if (options.env["GITHUB_ACTIONS"] === "true") return folded(paper, openGroup);
    return terminal && !isPlain && !options.verbose && !options.env["CI"] ? live(paper) : plain(paper);
  };
  return {
    terminal,
    isRead: process.stdout.isTTY === true,
    result: printLine,
    progress: (text) => void (options.quiet || notice(text)),
    raw,
    begin: face(),
    colour,
    canAsk: hasPerson() && !options.yes,
    ask,
    confirm: (question) => (options.yes ? Promise.resolve(true) : ask(question)),
  };
}

/** A command to GitHub Actions with a text that is none ("Workflow commands for GitHub Actions", "Grouping log lines"). */
const actionsCommand = (name: string, text: string): void => {
  const data = visible(text).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  process.stderr.write(`::${name}::${withoutCommands(data)}\n`);
};

/** Begins a group; until it ends nothing in it is read for commands ("Stopping and starting workflow commands"). */
function openGroup(title: string): () => void {
  const token = crypto.randomUUID();
  actionsCommand("group", title);
  actionsCommand("stop-commands", token);
  return () => {
    actionsCommand(token, "");
    actionsCommand("endgroup", "");
  };
}

const hasPerson = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/**
 * Asks on the terminal; without one nobody could answer, so it says what to pass. Ctrl-D is No, as the end of input is to
 * read(1p); Ctrl-C ends the run.
 */
async function ask(question: string): Promise<boolean> {
  if (!hasPerson())
    throw new UserError(`no one can answer "${question}"`, {
      why: "There is no terminal to ask on.",
      fix: "Run it in a terminal, or pass --yes",
    });
  const { confirm } = await import("../../node_modules/@inquirer/prompts/dist/index.js");
  // The prompt does not hear that readline ends with Ctrl-D.
  const leave = new AbortController();
  const onKey = (_text: unknown, key: { readonly ctrl?: boolean; readonly name?: string }) =>
    key.ctrl && key.name === "d" && leave.abort();
  process.stdin.on("keypress", onKey);
  const signal = AbortSignal.any([interruption(), leave.signal]);
  try {
    return await withoutLines(() =>
      confirm({ message: question, default: false }, { output: process.stderr, clearPromptOnDone: false, signal }),
    );
  } catch (error) {
    if (leave.signal.aborted) return false;
    if (error instanceof Error && ["ExitPromptError", "AbortPromptError"].includes(error.name)) throw interrupted();
    throw error;
  } finally {
    process.stdin.off("keypress", onKey);
  }
}

type Telling = Pick<UserError, "message" | "why" | "fix" | "kind" | "exitCode" | "steps">;

/**
 * Tells an error to a person, on stderr, and with `json` to a machine, on stdout; gives its exit code. That a command ended
 * with a code of its own is told to machines alone.
 */
export function tellError(error: Telling, json: boolean): number {
  const { colour } = openConsole({ yes: true, quiet: false, verbose: false, env: process.env });
  const { message: what, why, fix, kind, exitCode, steps } = error;
  // A line within a part that looks like another part is set off.
  const [first, ...more] = [what, why, fix].map((text) => text.replaceAll(/\n(?=\s*(error|why|fix):)/g, "\n       "));
  if (kind !== passed)
    notice([`${colour("red", "error:")} ${first}`, `  why: ${more[0]}`, `  fix: ${more[1]}`].join("\n"));
  if (kind !== passed && process.env["GITHUB_ACTIONS"] === "true") actionsCommand("error title=Slipway", what);
  if (json) printLine(JSON.stringify({ error: { kind, what, why, fix }, ...(steps ? { steps } : {}) }));
  return exitCode;
}
