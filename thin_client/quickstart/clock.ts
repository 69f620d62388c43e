import { readFileSync } from "node:fs";
import { findProcess } from "../engine/processes.ts";

/** Knows when each part began, and how long it took. */
export type Clock = {
  /** Has the work, which goes on already, counted as a part of this name. */
  readonly time: <T>(part: string, work: Promise<T>) => Promise<T>;
  /** One line for the whole, and one for each part. */
  readonly lines: () => readonly string[];
};

/** Starts where this process did: what a shell did before it became this program is in it. */
export function startClock(): Clock {
  const before = ageOfProcess() * 1000 - performance.now();
  const now = () => (before + performance.now()) / 1000;
  const parts = [row("runtime", 0, now())];
  return {
    time: async (part, work) => {
      const begin = now();
      const result = await work;
      parts.push(row(part, begin, now()));
      return result;
    },
    lines: () => [`quickstart: done in ${now().toFixed(1)} s`, ...parts],
  };
}

const row = (part: string, begin: number, end: number): string =>
  `  ${part.padEnd(28)} ${(end - begin).toFixed(1).padStart(5)} s, from ${begin.toFixed(1)} s on`;

/** Seconds since the process was started; the kernel counts hundredths since it came up (proc(5), "starttime"). */
function ageOfProcess(): number {
  const own = findProcess(process.pid);
  if (own === undefined) return process.uptime();
  return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) - Number(own.started) / 100;
}
