import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { must, type Outcome, run } from "../../thin_client/engine/command.ts";
import { type Env, type Layout, layout } from "../../thin_client/engine/layout.ts";
import { needs } from "./parts.ts";

/** One quickstart: an image name of its own, and the folder it lies in. */
export type Place = {
  readonly name: string;
  readonly dir: string;
  readonly repo: string;
  readonly remote: string;
  /** The options that mean this place. */
  readonly words: readonly string[];
  readonly i: (...words: readonly string[]) => Promise<Outcome>;
};

/** A fresh clone of the last commit, and a home without anything in it. */
export type QuickstartGround = {
  readonly base: string;
  readonly clone: string;
  readonly env: Env;
  readonly place: (letter: string) => Place;
  readonly quickstart: (...words: readonly string[]) => Promise<Outcome>;
  readonly end: (...places: readonly Place[]) => Promise<void>;
};

const root = fileURLToPath(new URL("../..", import.meta.url));
const builtData = (at: Layout): string => join(at.packages, "thin_data");

/** Builds the shared thin env of the last commit once, for the grounds that start with a built one. */
export async function ensureThinEnv(at: Layout): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "thin-"));
  const clone = join(dir, "clone");
  await must(["git", "clone", "--quiet", root, clone]);
  const env = { ...process.env, XDG_DATA_HOME: builtData(at), SLIPWAY_ROOT: undefined };
  await must(["thin_client/build", "--quiet"], { cwd: clone, env });
  rmSync(dir, { recursive: true, force: true });
}

/** Makes the clone with its thin env, as a quickstart before would have left it. */
export async function makeQuickstartGround(): Promise<QuickstartGround> {
  await needs("thin_env", "engine", "registries", "base", "python", "tmux");
  const base = mkdtempSync(join(tmpdir(), "quickstart-"));
  const clone = join(base, "clone");
  const npmCache = process.env["npm_config_cache"] ?? join(homedir(), ".npm");
  const homes = { HOME: join(base, "home"), XDG_DATA_HOME: join(base, "data"), npm_config_cache: npmCache };
  const env = { ...process.env, ...homes, SLIPWAY_ROOT: undefined };
  mkdirSync(homes.HOME);
  await must(["git", "clone", "--quiet", root, clone]);
  await must(["cp", "--archive", builtData(layout(process.env)), homes.XDG_DATA_HOME]);
  await must(["thin_client/build", "--quiet"], { cwd: clone, env });
  const place = (letter: string): Place => {
    const name = `qs${process.pid}${letter}`;
    const dir = join(base, name);
    const repo = join(dir, name);
    const i = (...words: readonly string[]) => run([join(clone, "thin_client/bin/i"), ...words], { cwd: repo, env });
    return { name, dir, repo, remote: `${repo}.git`, words: ["--dir", dir, "--name", name], i };
  };
  const quickstart = (...words: readonly string[]) =>
    run(["npm", "run", "--silent", "quickstart", "--", ...words], { cwd: clone, env });
  const end = async (...places: readonly Place[]) => {
    for (const { words } of places) await quickstart("--down", ...words);
    await run(["chmod", "-R", "u+w", base]);
    rmSync(base, { recursive: true, force: true });
  };
  return { base, clone, env, place, quickstart, end };
}
