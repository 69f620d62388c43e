import { dirname, join } from "node:path";
import {
  asVariables,
  isOwn,
  isTrusted,
  mayNamePrograms,
  parseSettings,
  quiet,
  setAside,
} from "../model/git_settings.ts";
import { notice } from "./console.ts";
import { readText } from "./files.ts";
import { gitDirAbove, gitDirsIn } from "./place.ts";
import { capture } from "./shell.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The environment in which Git starts no program that only the repo names: whoever may write a repo's Git dir, as every
 * container may that mounts it, decides otherwise what runs here.
 */
export async function quietEnv(folder: string, env: Env, keepsHooks: boolean): Promise<Record<string, string>> {
  const own = (await ownPrograms(folder, env)) ?? [];
  return asVariables(env, [...quiet(keepsHooks), ...own]);
}

/** Told once: a repo is asked many times in a run. */
const told = new Set<string>();

async function ownPrograms(folder: string, env: Env) {
  const gitDir = gitDirAbove(folder);
  const odd = gitDir === null ? [] : gitDirsIn(gitDir).filter(mayName);
  if (gitDir === null || odd.length === 0) return null;
  const list = async (...from: readonly string[]) =>
    parseSettings((await capture(["git", ...from, ...listing], { cwd: folder, env })).stdout);
  const own = await list("-C", folder);
  if (isTrusted(own, folder)) return null;
  // Git looks into submodules, too, by their own config.
  const inner = await Promise.all(odd.filter((dir) => dir !== gitDir).map((dir) => list("--git-dir", dir)));
  const rows = [...own, ...inner.flat().filter(isOwn)];
  const { keys, settings } = setAside(rows);
  const line = `not run for Slipway, as only ${join(gitDir, "config")} names it: ${keys.map((key) => JSON.stringify(key)).join(", ")}; if it is yours: git config --global --add slipway.trust '${dirname(gitDir)}'`;
  if (keys.length > 0 && !told.has(line)) notice(line);
  told.add(line);
  return settings;
}

const listing = ["config", "--null", "--show-scope", "--list"];

const mayName = (gitDir: string): boolean =>
  ["config", "config.worktree"].some((name) => mayNamePrograms(readText(join(gitDir, name)) ?? ""));
