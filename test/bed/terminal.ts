import { join } from "node:path";
import { must, run, until } from "../../thin_client/engine/command.ts";
import { needs } from "./parts.ts";

/** A terminal of 150 columns that a person types into. */
export type Terminal = {
  readonly type: (line: string) => Promise<void>;
  /** What it shows, without the empty rest. */
  readonly screen: () => Promise<string>;
  /** Waits until it shows this; fails with what it shows instead. */
  readonly shows: (wanted: RegExp) => Promise<string>;
  readonly clear: () => Promise<void>;
  readonly end: () => Promise<void>;
};

/** Opens one in a folder, in a tmux server whose socket lies in another. */
export async function openTerminal(cwd: string, socketDir: string): Promise<Terminal> {
  await needs("tmux");
  const socket = join(socketDir, "terminal");
  const tmux = (...words: readonly string[]) => must(["tmux", "-S", socket, "-f", "/dev/null", ...words]);
  await tmux("new-session", "-d", "-s", "dev", "-x", "150", "-y", "50", "-c", cwd, "env", "PS1=$ ", "sh");
  const screen = async () => (await tmux("capture-pane", "-p", "-J", "-t", "dev")).trim();
  return {
    screen,
    type: async (line) => {
      await tmux("send-keys", "-t", "dev", "-l", line);
      await tmux("send-keys", "-t", "dev", "Enter");
    },
    shows: async (wanted) => {
      if (await until(async () => wanted.test(await screen()), 60_000)) return screen();
      throw new Error(`no ${wanted} in:\n${await screen()}`);
    },
    clear: async () => {
      await tmux("send-keys", "-t", "dev", "-l", "clear");
      await tmux("send-keys", "-t", "dev", "Enter");
      if (!(await until(async () => (await screen()) === "$", 60_000)))
        throw new Error(`not clear:\n${await screen()}`);
    },
    end: async () => {
      await run(["tmux", "-S", socket, "kill-server"]);
    },
  };
}
