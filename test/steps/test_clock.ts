import type { Clock } from "../../lib/doors/clock.ts";

/** A clock on which nothing takes time but pauses, which take none of the world's. */
export type TestClock = Clock & {
  /** Lets so many milliseconds go by, and rings what is due. */
  readonly advance: (milliseconds: number) => void;
};

/** Starts one at a time of ISO 8601. */
export function testClock(start: string): TestClock {
  let at = Date.parse(start);
  const alarms = new Set<{ readonly at: number; readonly call: () => void }>();
  const advance = (milliseconds: number) => {
    at += milliseconds;
    for (const alarm of [...alarms].filter((one) => one.at <= at)) {
      alarms.delete(alarm);
      alarm.call();
    }
  };
  return {
    advance,
    now: () => at,
    pause: async (milliseconds) => {
      advance(milliseconds);
      await new Promise((resolve) => setImmediate(resolve));
    },
    alarm: (milliseconds, call) => {
      const alarm = { at: at + milliseconds, call };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
  };
}
