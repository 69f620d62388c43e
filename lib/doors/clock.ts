import { setTimeout as wait } from "node:timers/promises";

/** What tells the time and lets it go by. */
export type Clock = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or at once when the signal fires. */
  readonly pause: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Calls it once after so many milliseconds, and keeps no process alive for it; gives back what calls it off. */
  readonly alarm: (milliseconds: number, call: () => void) => () => void;
};

const world: Clock = {
  now: () => Date.now(),
  pause: (milliseconds, signal) => wait(milliseconds, undefined, signal ? { signal } : {}).catch(() => undefined),
  alarm: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};
let clock = world;

/** Lets a test say what time it is; without one it is the world's again. */
export const setClock = (other?: Clock): void => {
  clock = other ?? world;
};

export const now: Clock["now"] = () => clock.now();
export const pause: Clock["pause"] = (milliseconds, signal) => clock.pause(milliseconds, signal);

/** Calls it again and again; gives back what ends that. */
export function every(milliseconds: number, call: () => void): () => void {
  let callOff = () => {};
  const next = () => {
    callOff = clock.alarm(milliseconds, () => {
      next();
      call();
    });
  };
  next();
  return () => callOff();
}

/** Fires after so many milliseconds, as `AbortSignal.timeout` does. */
export function deadline(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  clock.alarm(milliseconds, () => controller.abort(new DOMException(`${milliseconds} ms are over`, "TimeoutError")));
  return controller.signal;
}

/** Calls a function after so many milliseconds; gives what calls it off. */
export function after(milliseconds: number, late: () => void): () => void {
  const timer = setTimeout(late, milliseconds);
  return () => clearTimeout(timer);
}

/** `2026-11-21`, in the user's time zone. */
export function today(): string {
  const day = new Date(now());
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}
