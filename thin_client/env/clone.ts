import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { readLock, required } from "./lock.ts";
import type { Places } from "./places.ts";

/** What a clone's node_modules is: links to the right env, npm's own install that fits or not, other links, or nothing. */
export type CloneState = "linked" | "installed" | "unfit" | "stale" | "missing";

/** A link in node_modules to the env that it was made for; setenv.sh compares the lock file through it. */
const marker = ".slipway_env";

/** Looks at node_modules without changing it. */
export function cloneState(at: Places): CloneState {
  const modules = join(at.root, "node_modules");
  if (!existsSync(modules)) return "missing";
  if (isInstalled(modules, at.root)) return "installed";
  if (existsSync(join(modules, ".package-lock.json"))) return "unfit";
  if (linkTarget(join(modules, marker)) !== at.env) return "stale";
  return isLinked(modules, at.env) ? "linked" : "stale";
}

/** Makes node_modules a real dir of links to the env's packages; whoever does it last at the same time wins, both are right. */
export function linkClone(at: Places): void {
  const made = join(at.root, `tmp.node_modules.${process.pid}`);
  const old = `${made}.old`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made);
  for (const [path, target] of links(at.env)) {
    mkdirSync(dirname(join(made, path)), { recursive: true });
    symlinkSync(target, join(made, path));
  }
  try {
    moveAway(join(at.root, "node_modules"), old);
    renameSync(made, join(at.root, "node_modules"));
  } catch (error) {
    if (cloneState(at) !== "linked") throw error;
  } finally {
    for (const dir of [made, old]) rmSync(dir, { recursive: true, force: true });
  }
  sweep(at.root);
}

/** Points an npm install that fits at its env too, so that setenv.sh need not read lock files. */
export function markClone(at: Places): void {
  const link = join(at.root, "node_modules", marker);
  if (linkTarget(link) === at.env) return;
  rmSync(link, { force: true });
  symlinkSync(at.env, link);
}

/** Path in node_modules and target of every link: packages are absolute, programs as npm makes them. */
function links(env: string): readonly (readonly [string, string])[] {
  const modules = join(env, "node_modules");
  const packages = names(modules).flatMap((name) =>
    name.startsWith("@") ? names(join(modules, name)).map((each) => join(name, each)) : [name],
  );
  const programs = names(join(modules, ".bin")).map((name) => join(".bin", name));
  return [
    ...packages.map((name) => [name, join(modules, name)] as const),
    ...programs.map((name) => [name, readlinkSync(join(modules, name))] as const),
    [marker, env],
  ];
}

const names = (dir: string): readonly string[] => readdirSync(dir).filter((name) => !name.startsWith("."));

const isLinked = (modules: string, env: string): boolean =>
  links(env).every(([path, target]) => linkTarget(join(modules, path)) === target);

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** True where npm installed every package that runs Slipway in the locked version, and none of them is gone since. */
function isInstalled(modules: string, root: string): boolean {
  const copy = join(modules, ".package-lock.json");
  if (!existsSync(copy)) return false;
  const found = readLock(copy);
  return required(readLock(join(root, "package-lock.json"))).every(([dir, entry]) => {
    const same = found[dir]?.version === entry.version && found[dir]?.integrity === entry.integrity;
    return same && existsSync(join(root, dir, "package.json")) && !lstatSync(join(root, dir)).isSymbolicLink();
  });
}

function moveAway(path: string, to: string): void {
  try {
    renameSync(path, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}

/** Removes what a run killed between the two renames left; node_modules is in place by now. */
function sweep(root: string): void {
  for (const name of readdirSync(root).filter((each) => each.startsWith("tmp.node_modules."))) {
    const made = lstatSync(join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - made > 60_000) rmSync(join(root, name), { recursive: true, force: true });
  }
}
