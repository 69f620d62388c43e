import { spawn } from "node:child_process";
import { until } from "../../thin_client/engine/command.ts";
import { workflow } from "./workflow.ts";

/** A workflow that goes on: what it has said so far, and what somebody does to it. */
export type Live = {
  readonly said: () => string;
  /** Waits until it has said something like this. */
  readonly says: (what: RegExp) => Promise<void>;
  readonly type: (keys: string) => void;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ended: Promise<number>;
};

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** Starts a workflow in a folder; in a terminal of its own, or with pipes as a CI does. */
export function startLive(cwd: string, way: "terminal" | "pipes", words: readonly [string, ...string[]]): Live {
  const argv = workflow("bun", ...words);
  // The shell steps aside, or it would end by Ctrl-C on its own and hide the exit code.
  const line = [
    "script",
    "--quiet",
    "--return",
    "--flush",
    "--command",
    `exec ${argv.map(quoted).join(" ")}`,
    "/dev/null",
  ];
  const [program = "", ...rest] = way === "terminal" ? line : argv;
  const env = { ...process.env, CI: undefined, TERM: "xterm", GIT_CONFIG_GLOBAL: "/dev/null" };
  const child = spawn(program, rest, { cwd, env, stdio: "pipe" });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  return {
    said: () => text,
    says: async (what) => {
      if (!(await until(() => what.test(text), 300_000))) throw new Error(`it has not said ${what}: ${text}`);
    },
    type: (keys) => void child.stdin.write(keys),
    signal: (name) => void child.kill(name),
    ended: new Promise((resolve) => child.once("close", (code) => resolve(code ?? 128))),
  };
}
