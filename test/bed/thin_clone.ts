import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeProduction } from "../../thin_client/env/lock.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const parts = ["lib", "scripts", "thin_client", "tmux.config", "repo_config.yaml", "changelog.txt", "tsconfig.json"];

export type Ran = { readonly code: number; readonly out: string; readonly err: string; readonly ms: number };
export type Env = Readonly<Record<string, string | undefined>>;

/** A fresh clone without node_modules; its package.json names no development tools, so that npm is quick in it. */
export function makeClone(dir: string): string {
  mkdirSync(dir, { recursive: true });
  for (const part of parts.filter((name) => existsSync(join(root, name))))
    cpSync(join(root, part), join(dir, part), { recursive: true });
  writeProduction(root, dir);
  run(["git", "init", "--quiet", "."], { cwd: dir });
  return dir;
}

/** Runs a program to its end. */
export function run(argv: readonly string[], options: { cwd: string; env?: Env; input?: string }): Ran {
  const [program = "", ...words] = argv;
  const begin = performance.now();
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    encoding: "utf8",
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  return { code: status ?? 128, out: stdout, err: stderr, ms: performance.now() - begin };
}

/** Runs a program beside the test; `group` is the process group, to be killed as a whole. */
export function start(argv: readonly string[], options: { cwd: string; env?: Env }) {
  const [program = "", ...words] = argv;
  const child = spawn(program, words, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: "ignore",
  });
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 128)));
  return { ended, group: -(child.pid ?? 0) };
}

/** Waits until a look at the world gives something; throws after two minutes, for npm may be slow beside others. */
export async function until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
  const end = performance.now() + 600_000;
  for (;;) {
    const seen = look();
    if (seen) return seen;
    if (performance.now() > end) throw new Error(`waited two minutes for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The best of a few runs: what it costs when the machine is not busy with something else. */
export const fastest = (times: number, once: () => Ran): Ran =>
  Array.from({ length: times }, once).reduce((best, next) => (next.ms < best.ms ? next : best));
