import { join } from "node:path";
import { must, run, until } from "../../thin_client/engine/command.ts";
import { needs } from "./parts.ts";

/** A terminal, of 150 columns unless told, that a person types into. */
export type Terminal = {
  readonly type: (line: string) => Promise<void>;
  /** Presses a key as tmux names it: `C-c`. */
  readonly press: (key: string) => Promise<void>;
  /** Types a line and waits until it has ended; on the way, a question is answered with yes, and nothing is installed. Gives what it showed last. */
  readonly runs: (line: string, code?: number) => Promise<string>;
  /** What it shows, without the empty rest. */
  readonly screen: () => Promise<string>;
  /** Waits until it shows this; fails with what it shows instead. */
  readonly shows: (wanted: RegExp) => Promise<string>;
  readonly clear: () => Promise<void>;
  readonly end: () => Promise<void>;
};

type Shell = {
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly size?: readonly [columns: number, rows: number];
  /** Where all that is written to it is kept, cursor moves and all. */
  readonly record?: string;
};

/** Opens one in a folder, in a tmux server whose socket lies in another. */
export async function openTerminal(cwd: string, socketDir: string, shell: Shell = {}): Promise<Terminal> {
  await needs("tmux");
  const socket = join(socketDir, "terminal");
  const tmux = (...words: readonly string[]) => must(["tmux", "-S", socket, "-f", "/dev/null", ...words]);
  const { words = ["sh"], env = {}, size = [150, 50], record } = shell;
  const given = Object.entries(env).map(([name, value]) => `${name}=${value ?? ""}`);
  const started = ["-x", String(size[0]), "-y", String(size[1]), "-c", cwd, "env", "PS1=$ ", ...given, ...words];
  await tmux("new-session", "-d", "-s", "dev", ...started);
  if (record) await tmux("pipe-pane", "-t", "dev", `cat >${record}`);
  const screen = async () => (await tmux("capture-pane", "-p", "-J", "-t", "dev")).trim();
  const type = async (line: string) => {
    await tmux("send-keys", "-t", "dev", "-l", line);
    await tmux("send-keys", "-t", "dev", "Enter");
  };
  let count = 0;
  return {
    screen,
    runs: async (line, code = 0) => {
      count += 1;
      const mark = new RegExp(`^\\[${count}:(\\d+)\\]$`, "m");
      await type(`${line}; echo "[${count}:$?]"`);
      let answered = "";
      const isEnded = await until(async () => {
        const seen = await screen();
        const answer = /\(y\/N\)$/.test(seen) ? "y" : /with apt\? \[y\/N\]$/.test(seen) ? "n" : null;
        // A screen that has not changed yet shows the question that was answered.
        if (answer !== null && seen !== answered) await type(answer);
        if (answer !== null) answered = seen;
        return mark.test(seen);
      }, 900_000);
      const seen = await screen();
      if (isEnded && mark.exec(seen)?.[1] === String(code)) return seen;
      throw new Error(`\`${line}\` has not ended with ${code}:\n${seen}`);
    },
    press: async (key) => {
      await tmux("send-keys", "-t", "dev", key);
    },
    type,
    shows: async (wanted) => {
      if (await until(async () => wanted.test(await screen()), 300_000)) return screen();
      throw new Error(`no ${wanted} in:\n${await screen()}`);
    },
    clear: async () => {
      await type("clear");
      if (!(await until(async () => (await screen()) === "$", 300_000)))
        throw new Error(`not clear:\n${await screen()}`);
    },
    end: async () => {
      await run(["tmux", "-S", socket, "kill-server"]);
    },
  };
}
