import { UserError } from "../errors.ts";
import { readText } from "./files.ts";

let orderly = new AbortController();
let first = new AbortController();
let over = new AbortController();
let whole = 0;

/** Fires when this run is told to stop and nothing is half done; everything that can take long listens. */
export const interruption = (): AbortSignal => orderly.signal;

/** Fires as soon as this run is told to stop: for what may hang in the middle of what is done as a whole. */
export const firstInterrupt = (): AbortSignal => first.signal;

/** Fires when this run is over, however it ended: what is still under way then waits for nobody and holds no process. */
export const runOver = (): AbortSignal => over.signal;

/** A run starts without what became of an earlier one in the same process. */
export function forgetInterrupts(): void {
  orderly = new AbortController();
  first = new AbortController();
  over = new AbortController();
}

const end = () => {
  if (first.signal.aborted && whole === 0) orderly.abort();
};

/**
 * Lets the first Ctrl-C, SIGTERM or SIGHUP end the run in order; a second Ctrl-C or SIGTERM ends the process at once. A
 * terminal that closes may send SIGHUP more than once, by its shell and by the kernel; `nohup` keeps it from this run. Gives
 * back what undoes it, and ends the run.
 */
export function listenForInterrupts(): () => void {
  const stop = () => {
    first.abort();
    end();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  if (!ignoresHangup()) process.on("SIGHUP", stop);
  return () => {
    process.off("SIGINT", stop).off("SIGTERM", stop).off("SIGHUP", stop);
    over.abort();
  };
}

/** Whether this process was started with SIGHUP ignored (nohup(1)), by the lowest bit of what proc(5) calls SigIgn. */
const ignoresHangup = (): boolean => /^SigIgn:.*[13579bdf]$/m.test(readText("/proc/self/status") ?? "");

/** Does what is quick and may not be left half done: an interrupt waits until it is through. */
export async function asWhole<T>(work: () => Promise<T>): Promise<T> {
  whole += 1;
  try {
    return await work();
  } finally {
    whole -= 1;
    end();
  }
}

export const interrupted = (): UserError =>
  new UserError("interrupted", {
    why: "The run was interrupted.",
    fix: "Run the same command again; what was finished is not done twice",
    exitCode: 130,
    kind: "interrupted",
  });
