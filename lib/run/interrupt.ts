let controller = new AbortController();
let whole = 0;
let asked = false;

/** Fires when this run is told to stop; everything that can take long listens. */
export const interruption = (): AbortSignal => controller.signal;

/** A run starts without what became of an earlier one in the same process. */
export function forgetInterrupts(): void {
  controller = new AbortController();
  asked = false;
}

const end = () => {
  if (asked && whole === 0) controller.abort();
};

/** Lets the first Ctrl-C or SIGTERM end the run in order; a second one ends the process at once. Gives back what undoes it. */
export function listenForInterrupts(): () => void {
  const stop = () => {
    asked = true;
    end();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  return () => process.off("SIGINT", stop).off("SIGTERM", stop);
}

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
