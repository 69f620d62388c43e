import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { must } from "../../thin_client/engine/command.ts";
import { engineState } from "./engine_api.ts";
import { git } from "./git.ts";

/** A home, a docker config and a `docker` of a test's own that writes down what it is asked before the real one does it. */
export type Watched = {
  readonly env: Readonly<Record<string, string>>;
  readonly home: string;
  /** The words of every docker command since the last call, oldest first. */
  readonly taken: () => readonly (readonly string[])[];
};

/** Makes them in a folder. The real client is the one on PATH. */
export async function watchDocker(dir: string): Promise<Watched> {
  const [bin, home, record] = [join(dir, "bin"), join(dir, "home"), join(dir, "asked")];
  const config = join(home, ".docker");
  for (const folder of [bin, config]) mkdirSync(folder, { recursive: true });
  const plugins = join(process.env["DOCKER_CONFIG"] ?? "/root/.docker", "cli-plugins");
  symlinkSync(plugins, join(config, "cli-plugins"));
  const real = (await must(["sh", "-c", "command -v docker"])).trim();
  // One write for one command: several run at once.
  const text = `#!/bin/sh\nprintf '%s\\037' "$@" END >> '${record}'\nexec '${real}' "$@"\n`;
  writeFileSync(join(bin, "docker"), text);
  writeFileSync(record, "");
  chmodSync(join(bin, "docker"), 0o755);
  const taken = () => {
    const all = readFileSync(record, "utf8").split("END\u001f");
    writeFileSync(record, "");
    return all.filter((one) => one !== "").map((one) => one.split("\u001f").slice(0, -1));
  };
  // bun keeps what it compiled below HOME; that is no doing of a workflow's.
  const compiled = { BUN_RUNTIME_TRANSPILER_CACHE_PATH: join(dir, "compiled") };
  const env = { ...compiled, HOME: home, DOCKER_CONFIG: config, PATH: `${bin}:${process.env["PATH"]}` };
  return { env, home, taken };
}

const readOnly = [
  /^(--version|version|ps|stats|inspect|info|export)\b/,
  /^(image|volume|network|container|context) (inspect|ls)\b/,
  /^(buildx|compose) (version|ls)\b/,
];

/** Whether a docker command only looks. */
export const onlyLooks = (words: readonly string[]): boolean => readOnly.some((row) => row.test(words.join(" ")));

/** Path, kind, mode and content of everything below a folder but the parts named; a link is what it says, not what is behind it. */
export function treeOf(dir: string, without: readonly string[] = []): readonly string[] {
  // Only entries with their types do not follow links to folders.
  const entries = existsSync(dir) ? readdirSync(dir, { recursive: true, withFileTypes: true }) : [];
  const paths = entries.map((entry) => relative(dir, join(entry.parentPath, entry.name))).sort();
  const kept = paths.filter((path) => !without.some((part) => path === part || path.startsWith(`${part}/`)));
  return kept.map((path) => {
    const full = join(dir, path);
    const stat = lstatSync(full);
    const content = stat.isFile() ? createHash("sha256").update(readFileSync(full)).digest("hex") : "";
    return [path, stat.mode, stat.isSymbolicLink() ? readlinkSync(full) : content].join(" ");
  });
}

export type World = { readonly repo: string; readonly image: string; readonly home: string };
type Stores = readonly { readonly address: string; readonly storage: string }[];

/** All that a plan must leave alone: files, refs of repo and remote, what the engine and the registries hold of this image. */
export async function look(
  { repo, image, home }: World,
  registries: Stores,
): Promise<Readonly<Record<string, unknown>>> {
  return {
    files: treeOf(repo, [".git"]),
    own: treeOf(join(repo, ".git"), ["objects", "refs", "logs", "index", "packed-refs"]),
    refs: await git(repo, "for-each-ref"),
    status: await git(repo, "status", "--porcelain=v2", "--branch"),
    remote: treeOf(`${repo}.git`, ["objects"]),
    home: treeOf(home),
    engine: await engineState(
      registries.map(({ address }) => address),
      image,
    ),
    stores: registries.map(({ storage }) => treeOf(storage)),
  };
}
