import { setTimeout as wait } from "node:timers/promises";

/** Milliseconds since 1970. */
export const now = (): number => Date.now();

/** Resolves after so many milliseconds, or at once when the signal fires. */
export const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  wait(milliseconds, undefined, signal ? { signal } : {}).catch(() => undefined);

/** Calls a function after so many milliseconds; gives what calls it off. */
export function after(milliseconds: number, late: () => void): () => void {
  const timer = setTimeout(late, milliseconds);
  return () => clearTimeout(timer);
}

/** `2026-11-21`, in the user's time zone. */
export function today(): string {
  const day = new Date(Date.now());
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}
