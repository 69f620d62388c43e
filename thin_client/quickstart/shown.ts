import { spawn } from "node:child_process";
import { constants } from "node:os";
import { tellError } from "../../lib/doors/console.ts";
import { withoutForeign } from "../../lib/model/caller_variables.ts";
import { UserError } from "../../lib/model/errors.ts";

/** Says what happens; stdout is for results. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** How a command is shown and run. */
export type Showing = {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The line as a person would type it. */
  readonly line: string;
  /** Its result is not for people: only what it says on stderr is shown. */
  readonly silent?: boolean;
};

const ticks = 10_000;

/** Runs a command with the terminal its own; a signal to us reaches it, and its exit code becomes ours. */
export async function shown(argv: readonly string[], how: Showing): Promise<void> {
  say(`$ ${how.line}`);
  const [program = "", ...words] = argv;
  const child = spawn(program, words, {
    cwd: how.cwd,
    env: { ...withoutForeign(process.env), ...how.env },
    stdio: ["inherit", how.silent ? "ignore" : "inherit", "inherit"],
  });
  let stopped: NodeJS.Signals | null = null;
  const stop = (signal: NodeJS.Signals) => {
    stopped = signal;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, stop);
  const end = how.silent ? tick() : () => undefined;
  const code = await new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  end();
  for (const signal of signals) process.off(signal, stop);
  if (stopped !== null || code === 130 || code === 143) throw interrupted(stopped ?? "SIGINT");
  if (code !== 0) throw failed(how.line, code);
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Has a signal say what an interrupt means and end quickstart at once; whoever else listens hears it before. */
export function endOnSignal(): { readonly end: () => void } {
  const stop = (signal: NodeJS.Signals) =>
    void setImmediate(() => {
      tellError(interrupted(signal), false);
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  for (const signal of signals) process.on(signal, stop);
  return { end: () => signals.forEach((signal) => void process.off(signal, stop)) };
}

/** Says every ten seconds that something still goes on; gives what ends that. */
function tick(): () => void {
  const start = Date.now();
  const timer = setInterval(() => say(`  ... ${Math.round((Date.now() - start) / 1000)} s`), ticks);
  return () => clearInterval(timer);
}

const interrupted = (signal: NodeJS.Signals): UserError =>
  new UserError("quickstart was interrupted", {
    why: "what was finished is kept, and what was not is made anew.",
    fix: "Run the same command again to go on, or add --down to it to remove all of it",
    exitCode: 128 + constants.signals[signal],
    kind: "interrupted",
  });

const failed = (line: string, code: number): UserError =>
  new UserError(`\`${line}\` ended with ${code}`, {
    why: "its own message stands above.",
    fix: "Fix the cause and run the same command again: it goes on where it stopped",
    exitCode: code,
    kind: "command_failed",
  });
