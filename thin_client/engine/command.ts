import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "../../lib/errors.ts";
import { withoutForeign } from "../../lib/names/caller_variables.ts";
import { systemRefusal } from "../../lib/text/system_errors.ts";
import type { Env } from "./layout.ts";

/** How a program ended and what it said. */
export type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** What a program gets beside its words. */
export type CommandOptions = {
  readonly env?: Env;
  readonly cwd?: string;
  readonly input?: Readable | string;
  /** The file that keeps all of its output. */
  readonly log?: string;
};

const collect = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
};

const feed = async (input: Readable | string | undefined, stdin: NodeJS.WritableStream): Promise<void> => {
  stdin.on("error", () => undefined);
  if (typeof input === "object") await pipeline(input, stdin).catch(() => undefined);
  // Without a text nothing is written, which a program that has ended already would refuse.
  else if (input === undefined) stdin.end();
  else stdin.end(input);
};

const stopping = new AsyncLocalStorage<AbortSignal>();

/** Does work whose programs are ended when the signal fires. */
export const endedBy = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => stopping.run(signal, work);

/** Whether the work that this is part of was told to stop. */
export const isStopped = (): boolean => stopping.getStore()?.aborted === true;

/** Runs a program to its end; a program that is not there has the code 127. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const [program = "", ...words] = argv;
  const env = { ...(options.env ?? withoutForeign(process.env)) } as NodeJS.ProcessEnv;
  if (isStopped()) return { code: 130, stdout: "", stderr: "" };
  const child = spawn(program, words, { cwd: options.cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  const signal = stopping.getStore();
  const stop = () => void child.kill("SIGTERM");
  signal?.addEventListener("abort", stop);
  const ended = new Promise<number>((resolve) => {
    child.on("error", () => resolve(127));
    child.on("close", (code) => resolve(code ?? 128));
  });
  const [stdout, stderr, code] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    ended,
    feed(options.input, child.stdin),
  ]);
  signal?.removeEventListener("abort", stop);
  if (options.log !== undefined) keep(options.log, `$ ${argv.join(" ")}\n${stdout}${stderr}exit ${code}\n`);
  return { code, stdout, stderr };
}

let isLogLost = false;

/** A log is comfort: where the system refuses it, that is told once, and the work goes on. */
function keep(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, text);
  } catch (error) {
    const refusal = systemRefusal(error);
    if (!refusal) throw error;
    if (!isLogLost) process.stderr.write(`engine: going on without its log: ${refusal.message}\n`);
    isLogLost = true;
  }
}

/** Runs a program that has to succeed and gives what it printed. */
export async function must(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(argv, options);
  if (code === 0) return stdout;
  const last = `${stderr}\n${stdout}`.trim().split("\n").slice(-8).join("\n    ");
  throw new UserError(`"${argv.join(" ")}" exited with ${code}`, {
    why: last || "it said nothing.",
    fix: options.log
      ? `Read ${options.log}, fix the cause and run the same command again.`
      : "Fix the cause and run the same command again.",
    exitCode: code,
    kind: "command_failed",
  });
}

/** Waits until the question is answered with yes; false after the time is up. */
export async function until(ask: () => Promise<boolean> | boolean, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds;
  for (;;) {
    if (await ask()) return true;
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** Waits for all of them, so that nothing goes on behind an error; throws the first one. */
export async function allOf(parts: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const failed = (await Promise.allSettled(parts)).find((part) => part.status === "rejected");
  if (failed) throw failed.reason;
}

/** Removes a folder, by the program that is quick where it holds many files and does not stop where one is read-only. */
export const removeFolder = async (...folders: readonly string[]): Promise<void> =>
  void (await must(["rm", "-rf", "--one-file-system", ...folders]));
