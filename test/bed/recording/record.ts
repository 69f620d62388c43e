import { join } from "node:path";
import { must, until } from "../../../thin_client/engine/command.ts";
import { needs } from "../parts.ts";
import type { Recording, Shot } from "./svg.ts";

type Stage = {
  /** Where the terminal starts, and where its socket may lie. */
  readonly cwd: string;
  readonly socketDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Milliseconds between two looks at the screen, and before a line that was typed is sent off. */
const [look, reading] = [100, 900];
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Types lines into a terminal of 80 columns and 24 rows, one when the one before has ended, and keeps all that it shows. */
export async function record({ cwd, socketDir, env }: Stage, lines: readonly string[]): Promise<Recording> {
  await needs("tmux");
  const tmux = (...words: readonly string[]) =>
    must(["tmux", "-S", join(socketDir, "recorder"), "-f", "/dev/null", ...words]);
  // A terminal of tmux has all that tmux was started with: what has no value here is taken away.
  const own = Object.entries(env).toSorted(
    ([, one], [, other]) => Number(one !== undefined) - Number(other !== undefined),
  );
  const given = own.flatMap(([name, value]) => (value === undefined ? ["-u", name] : [`${name}=${value}`]));
  await tmux("new-session", "-d", "-s", "dev", "-x", "80", "-y", "24", "-c", cwd, "env", ...given, "PS1=$ ", "sh");
  const began = performance.now();
  const shots: Shot[] = [];
  const screen = async () => (await tmux("capture-pane", "-p", "-t", "dev")).trimEnd();
  let goesOn = true;
  const watching = (async () => {
    while (goesOn) {
      const rows = (await tmux("capture-pane", "-p", "-e", "-t", "dev")).replace(/\n$/, "").split("\n");
      shots.push({ at: performance.now() - began, rows: rows.map((row) => row.trimEnd()) });
      await pause(look);
    }
  })();
  const isReady = async () => (await screen()).split("\n").at(-1)?.trimEnd() === "$";
  const ends: string[] = [];
  try {
    for (const line of lines) {
      if (!(await until(isReady, 120_000)))
        throw new Error(`the line before "${line}" has not ended:\n${await screen()}`);
      await tmux("send-keys", "-t", "dev", "-l", line);
      await pause(reading);
      await tmux("send-keys", "-t", "dev", "Enter");
      await pause(look);
      if (!(await until(isReady, 120_000))) throw new Error(`"${line}" has not ended:\n${await screen()}`);
      ends.push(await screen());
      await pause(reading);
    }
  } finally {
    goesOn = false;
    await watching;
    await tmux("kill-server");
  }
  return { shots, ends };
}
