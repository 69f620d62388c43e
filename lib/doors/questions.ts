import { createInterface } from "node:readline/promises";
import { UserError } from "../errors.ts";
import { visible } from "../text/visible.ts";
import { interrupted, interruption } from "./interrupt.ts";

/** A question with what Enter takes, and what is wrong with an answer, if anything. */
export type Question = {
  readonly text: string;
  readonly fallback: string;
  readonly fault: (answer: string) => string | null;
};
export type Ask = (question: Question) => Promise<string>;

/** Lets `work` ask a person for lines on the terminal, again where an answer is wrong; Ctrl-D declines, Ctrl-C ends the run. */
export async function withQuestions<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
  // The terminal edits the line itself, and sends Ctrl-C as a signal.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const ended = new AbortController();
  lines.once("close", () => ended.abort());
  const signal = AbortSignal.any([interruption(), ended.signal]);
  const ask: Ask = async ({ text, fallback, fault }) => {
    for (;;) {
      const answer = (await lines.question(visible(`${text} [${fallback}] `), { signal })).trim() || fallback;
      const wrong = fault(answer);
      if (wrong === null) return answer;
      process.stderr.write(visible(`  ${wrong}\n`));
    }
  };
  try {
    return await work(ask);
  } catch (error) {
    if (interruption().aborted) throw interrupted();
    if (!ended.signal.aborted) throw error;
    throw new UserError("not answered", {
      why: "Nothing was changed.",
      fix: "Run it again, or pass --yes to take what is in brackets",
      kind: "declined",
    });
  } finally {
    lines.close();
  }
}
