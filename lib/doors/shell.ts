import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import type { ProcessPromise } from "zx/core";
import { UserError } from "../errors.ts";

export type Captured = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It printed more than it may, and was ended there. */
  readonly isCut?: true;
};
export type RunOptions = {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program gets the terminal itself. */
  readonly interactive?: boolean;
  /** What an interactive program prints goes to stderr: stdout is kept for the result. */
  readonly keepStdout?: boolean;
  /** What the program reads on standard input; nothing without it. */
  readonly input?: string;
  readonly onOutput?: (text: string) => void;
  /** Gets what it prints on standard output, where that is no output like the rest. */
  readonly onResult?: (text: string) => void;
  readonly signal?: AbortSignal;
  /** Seconds that it has to end by itself after the signal; 5 where it is not said. */
  readonly patience?: number;
};

function assertArgv(argv: readonly string[]): void {
  const bad = argv.find((word) => word.includes("\0"));
  if (bad === undefined && argv[0]) return;
  throw new UserError(`a word of the command holds a NUL byte: ${JSON.stringify(bad ?? "")}`, {
    why: "No program can be given a NUL byte in a word.",
    fix: "Remove it and run the command again",
  });
}

type CaptureOptions = Pick<RunOptions, "cwd" | "env" | "input"> & {
  /** What ends this process with its group (Ctrl-C in a terminal) does not reach the program: it is not cut off half-way. */
  readonly apart?: boolean;
  /** Ends the program, and where it is kept apart all that it started. */
  readonly signal?: AbortSignal;
  /** Told the process, which leads a group of its own where it is kept apart. */
  readonly started?: (pid: number) => void;
  /** Bytes that it may print on standard output. */
  readonly limit?: number;
};

/** Ctrl-C in a terminal, or its end, reaches this process and its programs in any order: ours is heard before theirs counts, in ms. */
const ownTurn = 50;

/** Runs argv and collects what it prints; for facts, quick and without zx. A missing program is code 127. `input` goes to stdin. */
export function capture(argv: readonly string[], options: CaptureOptions): Promise<Captured> {
  assertArgv(argv);
  const [program = "", ...words] = argv;
  const { cwd, env, apart = false, signal: stopped, limit = Number.POSITIVE_INFINITY } = options;
  return new Promise((resolve) => {
    const child = spawn(program, words, { cwd, env: { ...env }, detached: apart, stdio: "pipe" });
    if (child.pid !== undefined) options.started?.(child.pid);
    let isCut = false;
    const cut = () => {
      isCut = child.kill("SIGKILL");
    };
    const [stdout, stderr] = [collected(child.stdout, { limit, cut }), collected(child.stderr)];
    const stop = () => {
      endGroup(child.pid, !apart);
      // What left the group may hold the pipes open for ever, as the master of a shared ssh connection does; what the
      // program itself printed is in them already, and is read first.
      const letGo = () => void setTimeout(() => [child.stdout.destroy(), child.stderr.destroy()], ownTurn);
      if ((child.exitCode ?? child.signalCode) !== null) letGo();
      else child.once("exit", letGo);
    };
    stopped?.addEventListener("abort", stop, { once: true });
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve({
        code: error.code === "ENOENT" ? 127 : 128,
        stdout: "",
        stderr: `${program}: ${error.code === "ENOENT" ? "not found" : error.message}`,
      }),
    );
    child.once("close", (code, signal) => {
      stopped?.removeEventListener("abort", stop);
      const ended = code ?? 128 + signalNumber(signal);
      const tell = () => resolve({ code: ended, stdout: stdout(), stderr: stderr(), ...(isCut ? { isCut } : {}) });
      if (signal === "SIGINT" || signal === "SIGHUP" || code === 130 || code === 129) setTimeout(tell, ownTurn);
      else tell();
    });
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

type Limit = { readonly limit: number; readonly cut: () => void };

/** Keeps what a stream gives, up to a limit; gives it as text. */
function collected(
  stream: Readable,
  { limit, cut }: Limit = { limit: Number.POSITIVE_INFINITY, cut: () => {} },
): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else cut();
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Runs argv through zx with its output passed on as it comes; ends the whole process group on abort. Returns the exit code, 128 + n for a signal. */
export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
  assertArgv(argv);
  const $ = await zxWithBash();
  const interactive = options.interactive === true;
  const child = $({
    cwd: options.cwd,
    env: { ...options.env },
    nothrow: true,
    quiet: true,
    verbose: false,
    detached: !interactive,
    stdio: interactive
      ? ["inherit", options.keepStdout ? 2 : "inherit", "inherit"]
      : [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    ...(options.input === undefined ? {} : { input: options.input }),
  })`${[...argv]}`;
  const onOutput = options.onOutput ?? (() => {});
  if (!interactive) pass(child, onOutput, options.onResult ?? onOutput);
  const stop = () => endGroup(child.pid, interactive, options.patience);
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) stop();
  const result = await child;
  options.signal?.removeEventListener("abort", stop);
  return result.exitCode ?? 128 + signalNumber(result.signal);
}

async function zxWithBash() {
  // Its core alone: what else zx brings along takes longer to load than a command to run.
  const { $, useBash } = await import("../../node_modules/zx/build/core.js");
  try {
    useBash();
  } catch {
    throw new UserError("bash was not found", {
      why: "Commands are run through zx, which quotes every word for bash.",
      fix: "Install bash, e.g. apt-get install bash",
    });
  }
  return $;
}

function pass(child: ProcessPromise, onOutput: (text: string) => void, onResult: (text: string) => void): void {
  child.stdout.setEncoding("utf8").on("data", onResult);
  child.stderr.setEncoding("utf8").on("data", onOutput);
}

/** SIGTERM to the group, SIGKILL so many seconds later; an interactive program is in our own group and gets it alone. */
function endGroup(pid: number | undefined, interactive: boolean, patience = 5): void {
  if (pid === undefined) return;
  const send = (signal: "SIGTERM" | "SIGKILL") => {
    try {
      process.kill(interactive ? pid : -pid, signal);
    } catch {
      // The group is gone, which is what was asked for.
    }
  };
  send("SIGTERM");
  setTimeout(() => send("SIGKILL"), patience * 1000).unref();
}

const signalNumber = (signal: string | null): number =>
  ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 })[signal ?? ""] ?? 1;
