import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { TmuxFacts } from "../../lib/flows/tmux.ts";
import { UserError } from "../../lib/model/errors.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { parseTmuxConfig } from "../../lib/model/tmux_config.ts";

const thinClient = dirname(dirname(fileURLToPath(import.meta.url)));

/** Looks at tmux, at the repo's submodules and at the home dir; changes nothing. */
export function readTmuxFacts({ place, config, env, user }: Facts): TmuxFacts {
  const root = place.root;
  const own = join(root, "tmux.config");
  const file = existsSync(own) ? own : join(dirname(thinClient), "tmux.config");
  const suffix = dirSuffix(join(root, "repo_config.yaml")) ?? config.dirSuffix;
  const link = join(user.home, `go_${suffix}`);
  const target = join(thinClient, "tmux", "go");
  const shell = basename(env["SHELL"] ?? "");
  return {
    suffix,
    config: parseTmuxConfig(readFileSync(file, "utf8"), relative(root, file)),
    folders: [
      { name: "", dir: root },
      ...submodules(root)
        .filter(isRunnable)
        .map((dir) => ({ name: relative(root, dir), dir })),
    ],
    setenv: join(thinClient, "setenv.sh"),
    shell: shell === "bash" || shell === "zsh" ? (env["SHELL"] ?? "bash") : "bash",
    sessions: sessions(env),
    inside: Boolean(env["TMUX"]),
    terminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
    link: {
      path: link,
      target,
      state: relative(root, realpathSync(thinClient)).startsWith("..") ? "outside" : linkState(link, target),
    },
  };
}

/** One line is enough here: the whole file is checked where its own runnable dir is worked on. */
function dirSuffix(file: string): string | null {
  if (!existsSync(file)) return null;
  return /^\s+dir_suffix:\s*["']?([^\s"'#]+)/m.exec(readFileSync(file, "utf8"))?.[1] ?? null;
}

/** The submodules that are checked out, at every depth. */
function submodules(dir: string): readonly string[] {
  const file = join(dir, ".gitmodules");
  if (!existsSync(file)) return [];
  return [...readFileSync(file, "utf8").matchAll(/^\s*path\s*=\s*(.+?)\s*$/gm)]
    .map(([, path = ""]) => join(dir, path))
    .filter((path) => existsSync(join(path, ".git")))
    .flatMap((path) => [path, ...submodules(path)]);
}

const isRunnable = (dir: string): boolean =>
  existsSync(join(dir, "repo_config.yaml")) && existsSync(join(dir, "changelog.txt"));

function sessions(env: Facts["env"]): readonly string[] {
  const { error, stdout } = spawnSync("tmux", ["list-sessions", "-F", "#{session_name}"], { env, encoding: "utf8" });
  if (!error) return stdout.split("\n").filter((name) => name !== "");
  throw new UserError("tmux was not found", {
    why: "The session is tmux's.",
    fix: `Install it, e.g. apt-get install -y tmux; ${join(thinClient, "build")} offers to.`,
    exitCode: 127,
  });
}

function linkState(path: string, target: string): TmuxFacts["link"]["state"] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return "absent";
  if (found.isDirectory()) return "dir";
  return found.isSymbolicLink() && readlinkSync(path) === target ? "ours" : "other";
}
