import { now, pause } from "../doors/clock.ts";
import { hasReader } from "../doors/console.ts";
import { interruption } from "../doors/interrupt.ts";
import { UserError } from "../errors.ts";
import { systemRefusal } from "../text/system_errors.ts";

type Watch = {
  readonly seconds: number;
  readonly json: boolean;
  /** Reads the world and gives what tells about it, which gives the exit code. */
  readonly look: () => Promise<() => Promise<number>>;
  /** Tells an error of one look and gives its exit code. */
  readonly report: (error: unknown) => number;
};

/**
 * Looks again and again until Ctrl-C, or until nobody reads it any more, which is how a watch ends: the exit code is that of the last look, 130 where there
 * was none. On a terminal each look takes the place of the one before; elsewhere they follow each other as plain lines.
 */
export async function watch({ seconds, json, look, report }: Watch): Promise<number> {
  const signal = interruption();
  let code = 130;
  while (!signal.aborted && hasReader()) {
    try {
      const tell = await look();
      if (signal.aborted) break;
      if (!json) process.stdout.write(heading(seconds));
      code = await tell();
    } catch (error) {
      if (signal.aborted) break;
      code = report(error);
      if (!(error instanceof UserError) && !systemRefusal(error)) return code;
    }
    await pause(seconds * 1000, signal);
  }
  return code;
}

function heading(seconds: number): string {
  const at = new Date(now()).toISOString().slice(0, 19).replace("T", " ");
  if (process.stdout.isTTY !== true) return `--- ${at} UTC\n`;
  return `\u001b[H\u001b[2J${at} UTC, every ${seconds} s, Ctrl-C ends it\n\n`;
}
