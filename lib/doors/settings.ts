import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { hostname, release, type } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { type Config, parseConfig } from "../model/config.ts";
import { UserError } from "../model/errors.ts";
import type { Place, User } from "../model/facts.ts";
import { lineOfKey } from "../model/yaml_lines.ts";
import { exists, readText } from "./files.ts";

export const configFile = "repo_config.yaml";

/** The runnable dir that holds `start` or lies above it, with the repos around it; throws where there is none. */
export function findPlace(start: string): Place {
  const from = resolve(start);
  if (!existsSync(from))
    throw new UserError(`the directory "${start}" does not exist`, {
      why: "A workflow runs for a runnable dir.",
      fix: "Give --dir one that exists",
    });
  const here = realpathSync(from);
  const repo = gitAbove(here);
  const dir = climb(here, repo?.top).find((folder) => existsSync(join(folder, configFile)));
  if (!repo || !dir)
    throw new UserError(`no ${repo ? configFile : "Git repo"} in "${start}" or above it`, {
      why: "A runnable dir has a repo_config.yaml, a changelog.txt and a devops dir, and lies in a Git repo.",
      fix: repo ? "Add the toolchain here: i init_runnable_dir" : "Go into your repo, or create one: git init",
    });
  const owner = gitAbove(dir) ?? repo;
  const root = owner.top;
  return {
    root,
    dir: relative(root, dir) || ".",
    owner: owner.own,
    gitDir: owner.common,
    cwd: relative(root, here) || ".",
    gitMounts: owner.mounts.filter((mount) => !isInside(mount, root)),
    ...helpersAbove(dir, root),
  };
}

/** `helpers_root` in the runnable dir or in one above it, or in the submodule that the original calls amp. */
function helpersAbove(dir: string, root: string): Pick<Place, "helpersRoot"> {
  const candidates = [...climb(dir, root), join(root, "amp")].map((folder) => join(folder, "helpers_root"));
  const found = candidates.find((folder) => existsSync(folder));
  return found ? { helpersRoot: relative(root, found) } : {};
}

const isInside = (path: string, folder: string): boolean => !relative(folder, path).startsWith("..");
const climb = (from: string, stop?: string): string[] =>
  from === (stop ?? "/") || dirname(from) === from ? [from] : [from, ...climb(dirname(from), stop)];

type Repo = { readonly own: string; readonly top: string; readonly common: string; readonly mounts: readonly string[] };

/** The Git repo around a folder. A submodule's outermost repo is above it; a worktree is outermost itself, with its Git dir elsewhere. */
function gitAbove(folder: string): Repo | undefined {
  const own = climb(folder).find((path) => existsSync(join(path, ".git")));
  if (!own) return undefined;
  const entry = join(own, ".git");
  if (statSync(entry).isDirectory()) return { own, top: own, common: entry, mounts: [entry] };
  const gitDir = resolve(
    own,
    readFileSync(entry, "utf8")
      .replace(/^gitdir:\s*/, "")
      .trim(),
  );
  const common = existsSync(join(gitDir, "commondir"))
    ? resolve(gitDir, readFileSync(join(gitDir, "commondir"), "utf8").trim())
    : gitDir;
  const isWorktree = /\/worktrees\/[^/]+$/.test(gitDir);
  const above = isWorktree || dirname(own) === own ? undefined : gitAbove(dirname(own));
  return { own, top: above?.top ?? own, common, mounts: [...(above?.mounts ?? []), common] };
}

/** What a dir has before it is runnable. */
export const emptyConfig: Config = parseConfig({
  file: configFile,
  value: { docker_info: { docker_image_name: "new" } },
  lineOf: () => 1,
});

/** The engine's socket on this machine and the group that may use it, for containers that talk to the engine. */
export function socketOf(env: Readonly<Record<string, string | undefined>>): { path: string; gid: number } {
  const path = env["DOCKER_HOST"]?.replace(/^unix:\/\//, "") ?? "/var/run/docker.sock";
  return { path, gid: exists(path) ? statSync(path).gid : 0 };
}

/** Reads and checks repo_config.yaml of a place; `CSFY_ECR_BASE_PATH`, when set, is the address of the ecr registry. */
export async function loadConfig(place: Place, env: Readonly<Record<string, string | undefined>>): Promise<Config> {
  const file = join(place.dir, configFile);
  const text = readText(join(place.root, file)) ?? "";
  const { load, YAMLException } = await import("js-yaml");
  const parse = (): unknown => {
    try {
      return text.trim() === "" ? null : load(text);
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      throw new UserError(`${file}:${(error.mark?.line ?? 0) + 1} ${error.reason}`, {
        why: "The file is not YAML.",
        fix: "Correct that line",
        kind: "config",
      });
    }
  };
  const config = parseConfig({ file, value: parse(), lineOf: (path) => lineOfKey(text, path) });
  const ecr = env["CSFY_ECR_BASE_PATH"];
  if (!ecr) return config;
  return {
    ...config,
    registries: config.registries.map((registry) =>
      registry.kind === "ecr" ? { ...registry, address: ecr } : registry,
    ),
  };
}

/** `.env` of the directory one stands in; the real environment wins over it. */
export async function loadDotEnv(folder: string): Promise<Readonly<Record<string, string>>> {
  const text = readText(join(folder, ".env"));
  if (text === null) return {};
  const { parse } = await import("dotenv");
  return parse(text);
}

/** The place of a dir that is to become runnable; it has to lie in a Git repo. */
export function newPlace(start: string): Place {
  const here = exists(start) ? realpathSync(resolve(start)) : resolve(start);
  const repo = gitAbove(climb(here).find((folder) => exists(folder)) ?? here);
  if (!repo)
    throw new UserError(`"${start}" is not in a Git repo`, {
      why: "A runnable dir is part of a repo.",
      fix: "Create one: git init",
    });
  const dir = relative(repo.top, here) || ".";
  return { root: repo.top, dir, owner: repo.own, gitDir: repo.common, cwd: dir, gitMounts: [] };
}

/** The machine as `hostname` and `uname` name it. */
export const loadHost = () => ({ name: hostname(), system: type(), release: release() });

/** Who runs this: the passwd line of the uid, which every runtime reads the same, else what the environment says. */
export function loadUser(env: Readonly<Record<string, string | undefined>>): User {
  const uid = process.getuid?.() ?? 0;
  const line = (readText("/etc/passwd") ?? "").split("\n").find((text) => text.split(":")[2] === String(uid));
  const [name, , , , , home] = line?.split(":") ?? [];
  return {
    name: name || env["USER"] || `uid${uid}`,
    uid,
    gid: process.getgid?.() ?? 0,
    home: env["HOME"] || home || "/",
  };
}

/** What tells this process from any other: host, boot, pid and start time (design.md, "claim"). */
export function loadProcess(): { host: string; boot: string; pid: number; started: string } {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8").trim() : "");
  return {
    host: hostname(),
    boot: read("/proc/sys/kernel/random/boot_id"),
    pid: process.pid,
    started: startTime(process.pid),
  };
}

/** A process's start time in the kernel's words, or "" when it does not live; a reused pid has another, a zombie has none. */
export function startTime(pid: number): string {
  // After the name in parentheses: the state, and 19 fields later the start time (proc(5), /proc/pid/stat).
  const fields = readText(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ") ?? [];
  return ["Z", "X"].includes(fields[0] ?? "") ? "" : (fields[19] ?? "");
}
