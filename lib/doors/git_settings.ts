import { join, relative, resolve } from "node:path";
import type { Ask } from "../config/trust.ts";
import {
  asVariables,
  isLfsHook,
  isOwn,
  mayNamePrograms,
  ownHooks,
  ownPrograms,
  ownSigners,
  parseSettings,
  quiet,
  type Setting,
  setAside,
  signersSetAside,
  tagHooks,
} from "../git/git_settings.ts";
import type { Place } from "../plan/facts.ts";
import { notice } from "./console.ts";
import { exists, readText } from "./files.ts";
import { gitDirAbove, gitDirsIn, rootAbove } from "./place.ts";
import { capture } from "./shell.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The environment in which Git starts no program that only the repo names and nobody allowed: whoever may write a repo's Git
 * dir, as every container may that mounts it, decides otherwise what runs here.
 */
export async function quietEnv(folder: string, env: Env, keepsHooks: boolean): Promise<Record<string, string>> {
  const own = (await unvouched(folder, env, keepsHooks)) ?? [];
  return asVariables(env, [...quiet(keepsHooks), ...own]);
}

/** Told once: a repo is asked many times in a run. */
const told = new Set<string>();

async function unvouched(folder: string, env: Env, keepsHooks: boolean) {
  const rows = await programRows(folder, env);
  if (rows === null) return null;
  const root = rootAbove(folder) ?? folder;
  const [{ openAsks }, { loadAllowed }] = await Promise.all([import("../config/trust.ts"), import("./trust.ts")]);
  const open = openAsks(await asksOf(root, rows), loadAllowed(root, env), env);
  const { keys, settings } = setAside(
    rows.filter((row) => !isOwn(row) || open.some(({ id }) => id === `git ${row.key}`)),
  );
  const line = `not run for Slipway, as only ${join(gitDirAbove(folder) ?? "", "config")} names it: ${keys.map((key) => JSON.stringify(key)).join(", ")}; see and allow it: i trust`;
  if (keys.length > 0 && !told.has(line)) notice(line);
  told.add(line);
  // Who signs the tag of a release is asked for with its hooks.
  return keepsHooks ? settings : [...settings, ...signersSetAside(rows)];
}

/** The settings of a repo and, of its submodules, their own; null where none of their files may name a program. */
async function programRows(folder: string, env: Env): Promise<readonly Setting[] | null> {
  const gitDir = gitDirAbove(folder);
  const odd = gitDir === null ? [] : gitDirsIn(gitDir).filter(mayName);
  if (gitDir === null || odd.length === 0) return null;
  const own = await listed(folder, env, "-C", folder);
  // Git looks into submodules, too, by their own config.
  const inner = await Promise.all(
    odd.filter((dir) => dir !== gitDir).map((dir) => listed(folder, env, "--git-dir", dir)),
  );
  return [...own, ...inner.flat().filter(isOwn)];
}

const listed = async (folder: string, env: Env, ...from: readonly string[]): Promise<Setting[]> =>
  parseSettings((await capture(["git", ...from, ...listing], { cwd: folder, env })).stdout);

/** Most repos name no program, and load nothing of this. */
async function asksOf(root: string, rows: readonly Setting[]): Promise<readonly Ask[]> {
  const [{ programAsks }, { contentIn }] = await Promise.all([import("../config/trust.ts"), import("./trust.ts")]);
  return programAsks(ownPrograms(rows), (value) => contentIn(root, ".", value));
}

/** The programs of its own config that a repo asks for. */
export const loadProgramAsks = async (root: string, env: Env): Promise<readonly Ask[]> =>
  asksOf(root, (await programRows(root, env)) ?? []);

/** What a repo runs of its own when a release is tagged: hooks, with the files that they name, and programs that sign. */
export async function loadTagAsks({ owner, gitDir, root }: Place, env: Env): Promise<readonly Ask[]> {
  const usual = join(gitDir, "hooks");
  const isOdd = ["config", "config.worktree"].some((name) => mayTag.test(readText(join(gitDir, name)) ?? ""));
  if (!isOdd && !tagHooks.some((name) => exists(join(usual, name)))) return [];
  const [{ ask }, { contentBelow, contentIn }] = await Promise.all([
    import("../config/trust.ts"),
    import("./trust.ts"),
  ]);
  const rows = await listed(owner, env, "-C", owner);
  const named = ownHooks(rows);
  const folder = typeof named === "string" ? resolve(owner, named.replace(/^~(?=\/)/, env["HOME"] ?? "~")) : usual;
  // What a hook of the work tree starts lies beside it, as .husky/pre-push beside .husky/_/pre-push.
  const [top = ""] = relative(root, folder).split("/");
  const beside = named && top !== ".." && top !== ".git" ? contentBelow(root, top) : "";
  const hooks = tagHooks.flatMap((name) => {
    const text = named === null ? null : readText(join(folder, name));
    if (text === null || isLfsHook(text)) return [];
    const content = [text, contentIn(root, relative(root, owner), text), beside].join("\0");
    const path = relative(root, join(folder, name));
    return [ask("tag", `hook ${path}`, `the tag of a release runs ${path} on this machine`, content)];
  });
  const signers = ownSigners(rows).map(({ key, value }) =>
    ask("tag", `git ${key}`, `Git runs ${key} = ${JSON.stringify(value)} to sign`, contentIn(root, ".", value)),
  );
  return [...hooks, ...signers];
}

/** Whether a config file may name hooks or who signs. */
const mayTag = /include|worktreeconfig|hookspath|\[\s*gpg/i;

const listing = ["config", "--null", "--show-scope", "--list"];

const mayName = (gitDir: string): boolean =>
  ["config", "config.worktree"].some((name) => mayNamePrograms(readText(join(gitDir, name)) ?? ""));
