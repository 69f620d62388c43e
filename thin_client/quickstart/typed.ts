import { spawn } from "node:child_process";
import { constants } from "node:os";
import { UserError } from "../../lib/errors.ts";
import { withoutForeign } from "../../lib/names/caller_variables.ts";
import { output, type World } from "../../lib/run/world.ts";

/** A workflow of the sample, as a person would type it there. */
export type Typing = {
  readonly repo: string;
  /** The file that runs workflows. */
  readonly program: string;
  readonly words: readonly string[];
  /** Its result is for people too: the terminal is its own. Else only what it says on stderr is shown, as output of the step. */
  readonly isShown: boolean;
};

/** Runs a workflow in the sample; an interrupt reaches it, and its exit code becomes ours. */
export async function typeInSample({ repo, program, words, isShown }: Typing, world: World): Promise<void> {
  const line = `i ${words.join(" ")}`;
  if (isShown) world.console.progress(`$ ${line}`);
  // With --json stdout is for one text alone.
  const result = !isShown ? "ignore" : world.json ? 2 : "inherit";
  const child = spawn(program, words, {
    cwd: repo,
    env: withoutForeign(process.env) as NodeJS.ProcessEnv,
    stdio: isShown ? ["inherit", result, "inherit"] : ["ignore", "ignore", "pipe"],
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => output(world, text));
  const stop = () => void child.kill("SIGTERM");
  world.signal.addEventListener("abort", stop);
  const code = await new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  world.signal.removeEventListener("abort", stop);
  if (code === 130 || code === 143) throw stopped();
  if (code !== 0) throw failed(line, code);
}

/** What an interrupt leaves, and how to go on. */
export const stopped = (): UserError =>
  new UserError("quickstart was interrupted", {
    why: "what was finished is kept, and what was not is made anew.",
    fix: "Run the same command again to go on, or add --down to it to remove all of it",
    exitCode: 130,
    kind: "interrupted",
  });

const failed = (line: string, code: number): UserError =>
  new UserError(`\`${line}\` ended with ${code}`, {
    why: "its own message stands above.",
    fix: "Fix the cause and run the same command again: it goes on where it stopped",
    exitCode: code,
    kind: "command_failed",
  });
