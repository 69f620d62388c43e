import { spawn } from "node:child_process";

export type Measured = { readonly seconds: number; readonly code: number };
type In = {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The exit code that is no failure, 0 without it. */
  readonly code?: number;
};

/** One run of a command as a whole process, in seconds. */
export function timeOnce(
  [program = "", ...words]: readonly string[],
  { cwd, env = process.env }: In,
): Promise<Measured> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd, env, stdio: "ignore" });
    child.once("error", reject);
    child.once("close", (code) => resolve({ seconds: (performance.now() - start) / 1000, code: code ?? 128 }));
  });
}

/** The middle one. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** The median of several runs of each command, taken in turn so that a drift of the machine meets all alike; a failing command is an error. */
export async function medians(commands: readonly (readonly string[])[], turns: number, at: In): Promise<number[]> {
  const times = commands.map((): number[] => []);
  for (let turn = -1; turn < turns; turn += 1) {
    for (const [index, command] of commands.entries()) {
      const { seconds, code } = await timeOnce(command, at);
      if (code !== (at.code ?? 0)) throw new Error(`${command.join(" ")} ended with ${code}`);
      if (turn >= 0) times[index]?.push(seconds);
    }
  }
  return times.map(median);
}

/** One row of the table: what was measured, the bar, and whether it holds. */
export type Row = { readonly what: string; readonly seen: string; readonly bar: string; readonly ok: boolean };
export const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(0)} ms`;
