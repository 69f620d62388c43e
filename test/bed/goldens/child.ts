import { readFileSync } from "node:fs";
import { runScript } from "../../../lib/run/script.ts";

/** One workflow with the words that are typed after it. */
export type Line = { readonly workflow: string; readonly words: readonly string[] };
/** What it printed, and its exit code. */
export type Answer = { readonly code: number; readonly printed: string };

// Whoever runs the tests, the same person plans.
process.getuid = () => 4_217;
process.getgid = () => 4_218;

/** Runs a workflow in this process and folder. */
async function answer({ workflow, words }: Line): Promise<Answer> {
  const { default: spec } = await import(`../../../scripts/${workflow}.ts`);
  const write = process.stdout.write;
  let printed = "";
  process.stdout.write = (text: string | Uint8Array) => {
    printed += String(text);
    return true;
  };
  const code = await runScript(workflow, spec, words);
  process.stdout.write = write;
  return { code, printed };
}

const answers: Answer[] = [];
for (const line of JSON.parse(readFileSync(0, "utf8")) as readonly Line[]) answers.push(await answer(line));
process.stdout.write(JSON.stringify(answers));
