import { readFileSync } from "node:fs";
import { runScript } from "../../lib/run/script.ts";
import { fileOf } from "./fitting.ts";

/** One workflow with the words that are typed after it; `cwd`: where, if not in the folder of the lines before it. */
export type Line = { readonly workflow: string; readonly words: readonly string[]; readonly cwd?: string };
/** What it printed on stdout and on stderr, and its exit code. */
export type Answer = { readonly code: number; readonly printed: string; readonly told: string };

/** Runs a workflow in this process and folder. */
async function answer({ workflow, words, cwd }: Line): Promise<Answer> {
  if (cwd !== undefined) process.chdir(cwd);
  const { default: spec } = await import(`../../${fileOf(workflow)}`);
  const streams = [process.stdout, process.stderr] as const;
  const writes = streams.map(({ write }) => write);
  const texts = ["", ""];
  for (const [index, stream] of streams.entries())
    stream.write = (text: string | Uint8Array) => {
      texts[index] += String(text);
      return true;
    };
  try {
    const code = await runScript(workflow, spec, words);
    return { code, printed: texts[0] ?? "", told: texts[1] ?? "" };
  } finally {
    for (const [index, stream] of streams.entries()) stream.write = writes[index] as typeof stream.write;
  }
}

const answers: Answer[] = [];
for (const line of JSON.parse(readFileSync(0, "utf8")) as readonly Line[]) answers.push(await answer(line));
process.stdout.write(JSON.stringify(answers));
