import { createInterface } from "node:readline/promises";

/** True where a person can answer: the question goes to stderr, the answer comes from stdin. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks a question whose answer is no unless it says yes. */
export async function askYes(question: string): Promise<boolean> {
  const console = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await console.question(`${question} [y/N] `)).trim());
  } finally {
    console.close();
  }
}
