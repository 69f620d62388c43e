import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandOptions, must, type Outcome, run } from "../../thin_client/engine/command.ts";
import { layout } from "../../thin_client/engine/layout.ts";
import { namesAt } from "./engine_api.ts";
import { fileOf } from "./fitting.ts";
import type { Answer, Line } from "./in_process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const bin = join(root, "node_modules", ".bin");

/** What starts a script: tsx on the Node that runs the tests, or bun. */
export const runtimes = {
  tsx: [join(bin, "tsx")],
  bun: [join(bin, "bun")],
} as const satisfies Record<string, readonly string[]>;
export type Runtime = keyof typeof runtimes;

/** The words that start a workflow of this repository. */
export const workflow = (runtime: Runtime, name: string, ...words: readonly string[]): readonly string[] => [
  ...runtimes[runtime],
  join(root, fileOf(name)),
  ...words,
];

export type Done = Outcome & {
  /** What each step came to, by its id, as `--json` tells it; empty without it. */
  readonly states: Readonly<Record<string, string>>;
  readonly digest: string | null;
};
type Told = {
  readonly digest?: string | null;
  readonly steps?: readonly { readonly id: string; readonly state: string }[];
};

/** Nothing of the machine's own Git settings and of the test's own environment reaches a workflow. */
const plain = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", CI: undefined, VITEST: undefined };

/** A CI whose settings allow what repos ask for beyond the default. */
export const trustingCi = { CI: "true", SLIPWAY_TRUST: "1" };

/** Starts workflows in a folder, as a person would type them there. */
export const workflowsIn =
  (cwd: string, more: CommandOptions & { readonly runtime?: Runtime } = {}) =>
  async (name: string, ...words: readonly string[]): Promise<Done> => {
    const env = { ...process.env, ...plain, ...more.env };
    const ended = await run(workflow(more.runtime ?? "bun", name, ...words), { ...more, cwd, env });
    const told = words.includes("--json") && ended.code === 0 ? (JSON.parse(ended.stdout) as Told) : {};
    const states = Object.fromEntries((told.steps ?? []).map(({ id, state }) => [id, state]));
    return { ...ended, states, digest: told.digest ?? null };
  };

/** Runs workflows in a folder, all in one process of a program that starts scripts: what is dear is its start. */
export async function inOneProcess(
  program: readonly string[],
  cwd: string,
  lines: readonly Line[],
  env: CommandOptions["env"] = {},
): Promise<readonly Answer[]> {
  const options = { cwd, env: { ...process.env, ...plain, ...env }, input: JSON.stringify(lines) };
  return JSON.parse(await must([...program, join(root, "test/bed/in_process.ts")], options)) as Answer[];
}

/** Starts a workflow as the leader of a process group; `kill` ends the group as a machine that loses power would. */
export const startWorkflow = (cwd: string, name: string, ...words: readonly string[]): Started =>
  startWith(cwd, process.env, [name, ...words]);

export type Started = {
  readonly pid: number;
  readonly ended: Promise<number>;
  readonly kill: (signal?: NodeJS.Signals) => Promise<number>;
};

/** As `startWorkflow`, in an environment of its own. */
export function startWith(cwd: string, own: NodeJS.ProcessEnv, line: readonly [string, ...string[]]): Started {
  const [program = "", ...rest] = workflow("bun", ...line);
  const child = spawn(program, rest, { cwd, env: { ...own, ...plain }, detached: true, stdio: "ignore" });
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 128)));
  const pid = child.pid ?? 0;
  const kill = (signal: NodeJS.Signals = "SIGKILL") => {
    process.kill(-pid, signal);
    return ended;
  };
  return { pid, ended, kill };
}

/** Runs the engine's client, which has to succeed. */
export const docker = async (...words: readonly string[]): Promise<string> => (await must(["docker", ...words])).trim();

/** Removes every tag that an image has at these addresses, so that the engine does not have it any more. */
export async function forgetImages(addresses: readonly string[]): Promise<void> {
  const names = await namesAt(addresses);
  if (names.length > 0) await run(["docker", "rmi", "--force", ...names]);
}

/**
 * Does the same for a test that has ended. The engine cleans its whole store up after each name, a quarter of a second
 * in which nothing else builds; its containerd, asked directly, takes all names at once and cleans up later.
 */
export async function dropImages(addresses: readonly string[]): Promise<void> {
  const socket = join(layout(process.env).exec, "containerd", "containerd.sock");
  if (!existsSync(socket)) return forgetImages(addresses);
  const names = (await namesAt(addresses)).filter((name) => !name.includes("@"));
  if (names.length > 0) await must(["ctr", "--address", socket, "--namespace", "moby", "images", "rm", ...names]);
}
