import { createInterface } from "node:readline/promises";
import { interrupted } from "../../lib/doors/interrupt.ts";

/** True where a person can answer: the question goes to stderr, the answer comes from stdin. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks a question whose answer is no unless it says yes; Ctrl-D is no, Ctrl-C ends the program. */
export async function askYes(question: string): Promise<boolean> {
  const console = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  console.once("SIGINT", () => stop.abort());
  try {
    return /^y(es)?$/i.test((await console.question(`${question} [y/N] `, { signal: stop.signal })).trim());
  } catch (error) {
    if (stop.signal.aborted) throw interrupted();
    if (error instanceof Error && error.name === "AbortError") return false;
    throw error;
  } finally {
    console.close();
  }
}
