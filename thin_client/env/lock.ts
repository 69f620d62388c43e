import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One package as npm's lock file knows it. */
type Locked = {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
};

/** The packages of a lock file, by their dir: `node_modules/zx`. */
export type Packages = Readonly<Record<string, Locked>>;

/** Reads `package-lock.json`, or the copy that npm leaves in an installed node_modules. */
export function readLock(path: string): Packages {
  const lock = JSON.parse(readFileSync(path, "utf8")) as { readonly packages?: Packages };
  return lock.packages ?? {};
}

/** The packages that run Slipway, each of which an installed node_modules must have in exactly this version. */
export function required(packages: Packages): readonly (readonly [string, Locked])[] {
  return Object.entries(packages).filter(
    ([dir, entry]) => dir.startsWith("node_modules/") && !entry.dev && !entry.devOptional && !entry.optional,
  );
}

/** The version that is locked for a package. */
export const lockedVersion = (root: string, name: string): string | undefined =>
  readLock(join(root, "package-lock.json"))[`node_modules/${name}`]?.version;

type Json = Readonly<Record<string, unknown>>;

/**
 * Writes package.json and lock file without anything that only development needs. npm checks all of a lock file even if it
 * installs a part, so a registry that lacks a linter for another platform would otherwise stop the thin env.
 */
export function writeProduction(root: string, dir: string): void {
  const { devDependencies: _manifest, scripts: _scripts, ...manifest } = readJson(join(root, "package.json"));
  const lock = readJson(join(root, "package-lock.json"));
  const all = lock["packages"] as Readonly<Record<string, Json>>;
  const { devDependencies: _locked, ...top } = all[""] ?? {};
  const rest = Object.entries(all).filter(([name, entry]) => name !== "" && !entry["dev"]);
  const packages = { "": top, ...Object.fromEntries(rest) };
  writeFileSync(join(dir, "package.json"), JSON.stringify(manifest, null, 2));
  writeFileSync(join(dir, "package-lock.json"), JSON.stringify({ ...lock, packages }, null, 2));
  if (existsSync(join(root, ".npmrc"))) copyFileSync(join(root, ".npmrc"), join(dir, ".npmrc"));
}

const readJson = (path: string): Json => JSON.parse(readFileSync(path, "utf8")) as Json;
