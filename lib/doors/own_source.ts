import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gitAddress, npmSpec, type Source } from "../config/adoption.ts";
import { jsonOf, textAt } from "../text/shape.ts";
import { exists, readText, realPath } from "./files.ts";
import { tryGit } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Where this Slipway lies. */
export const ownFolder = (): string => realPath(fileURLToPath(new URL("../..", import.meta.url)));

/** Where this Slipway came from: a clone's origin, what npm installed it from, else what its package.json names. */
export async function loadOwnSource(env: Env): Promise<Source> {
  const root = ownFolder();
  const named = repositoryOf(readText(join(root, "package.json")) ?? "");
  if (basename(dirname(root)) === "node_modules") {
    const spec = installedFrom(dirname(dirname(root)));
    return { git: (spec && gitAddress(spec)) ?? named, npm: spec ?? npmSpec(named) };
  }
  const origin = exists(join(root, ".git")) ? await tryGit(root, env, ["config", "--get", "remote.origin.url"]) : null;
  const address = origin?.code === 0 ? origin.stdout.trim() : named;
  return { git: address, npm: npmSpec(address) };
}

/** What package.json beside a `node_modules` calls Slipway's package; a file is named from everywhere. */
function installedFrom(folder: string): string | null {
  const manifest = jsonOf(readText(join(folder, "package.json")) ?? "");
  for (const kind of ["dependencies", "devDependencies"]) {
    const spec = textAt(manifest, kind, "slipway");
    if (!spec) continue;
    const file = /^file:(.*)$/.exec(spec)?.[1];
    if (file !== undefined) return resolve(folder, file);
    return /^[~^]?\d/.test(spec) ? `slipway@${spec}` : spec;
  }
  return null;
}

const repositoryOf = (manifest: string): string =>
  (textAt(jsonOf(manifest), "repository", "url") ?? "").replace(/^git\+/, "");
