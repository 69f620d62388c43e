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
export const alarm: Clock["alarm"] = (milliseconds, call) => clock.alarm(milliseconds, call);

/** Calls it again and again; gives back what ends that. */
export function every(milliseconds: number, call: () => void): () => void {
  let callOff = () => {};
  const next = () => {
    callOff = alarm(milliseconds, () => {
      next();
      call();
    });
  };
  next();
  return () => callOff();
}

/** What ends a wait that takes too long. */
export class LateError extends Error {
  readonly code = "ETIMEDOUT";
}
