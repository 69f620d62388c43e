import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readRepoText } from "../../lib/doors/files.ts";
import { UserError } from "../../lib/errors.ts";
import { parseTmuxConfig } from "../../lib/formats/tmux_config.ts";
import type { TmuxFacts } from "../../lib/machine/tmux.ts";
import type { Facts } from "../../lib/plan/facts.ts";

const thinClient = dirname(dirname(fileURLToPath(import.meta.url)));

/** Looks at tmux, at the clone that the index names, its submodules and the home dir; changes nothing. */
export function readTmuxFacts({ place, config, env, user }: Facts, index: string | undefined): TmuxFacts {
  const own = place.root;
  // A path in it would lead the link, or the clone, elsewhere.
  const suffix = (dirSuffix(own) ?? config.dirSuffix).replaceAll("/", "_");
  const clone = index === undefined ? { state: "this" as const, path: own } : cloneAt(own, user.home, suffix, index);
  const root = clone.state === "sibling" ? clone.path : own;
  const written = readRepoText(root, "tmux.config");
  const text = written ?? readRepoText(dirname(thinClient), "tmux.config") ?? "";
  const link = join(user.home, `go_${suffix}`);
  const target = join(thinClient, "tmux", "go");
  const shell = basename(env["SHELL"] ?? "");
  return {
    suffix,
    clone,
    config: parseTmuxConfig(
      text,
      written === null ? join(relative(own, dirname(thinClient)), "tmux.config") : "tmux.config",
    ),
    folders: [
      { name: "", dir: root },
      ...submodules(root, "")
        .filter(isRunnable)
        .map((dir) => ({ name: relative(root, dir), dir })),
    ],
    setenv: setenvOf(own, root),
    shell: shell === "bash" || shell === "zsh" ? (env["SHELL"] ?? "bash") : "bash",
    sessions: sessions(env),
    inside: Boolean(env["TMUX"]),
    terminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
    link: {
      path: link,
      target,
      state: isOutside(own) ? "outside" : linkState(link, target),
    },
  };
}

/** `~/src/<suffix><index>`, where it is a clone of the same repo: one with its dir_suffix. */
function cloneAt(own: string, home: string, suffix: string, index: string): TmuxFacts["clone"] {
  const path = join(home, "src", `${suffix}${index}`);
  if (!existsSync(path)) return { state: "absent", path };
  const root = realpathSync(path);
  if (root === own) return { state: "this", path: own };
  const isClone = existsSync(join(root, ".git")) && dirSuffix(root)?.replaceAll("/", "_") === suffix;
  return isClone ? { state: "sibling", path: root } : { state: "other", path };
}

const isOutside = (root: string): boolean => relative(root, realpathSync(thinClient)).startsWith("..");

/** A Slipway that lies outside of the repo serves all clones; else each has its own, at the same place. */
function setenvOf(own: string, root: string): string | null {
  const setenv = join(thinClient, "setenv.sh");
  if (root === own || isOutside(own)) return setenv;
  const theirs = join(root, relative(own, realpathSync(thinClient)), "setenv.sh");
  return existsSync(theirs) ? theirs : null;
}

/** One line is enough here: the whole file is checked where its own runnable dir is worked on. */
function dirSuffix(root: string): string | null {
  return /^\s+dir_suffix:\s*["']?([^\s"'#]+)/m.exec(readRepoText(root, "repo_config.yaml") ?? "")?.[1] ?? null;
}

/** The submodules that are checked out, at every depth; a path out of the repo, or behind a link, is none. */
function submodules(root: string, dir: string): readonly string[] {
  return [...(readRepoText(root, join(dir, ".gitmodules")) ?? "").matchAll(/^\s*path\s*=\s*(.+?)\s*$/gm)]
    .map(([, path = ""]) => join(dir, path))
    .filter((path) => existsSync(join(root, path, ".git")) && realpathSync(join(root, path)) === join(root, path))
    .filter((path) => path !== dir && !path.startsWith(".."))
    .flatMap((path) => [join(root, path), ...submodules(root, path)]);
}

/** Slipway is a runnable dir too, where it is worked on by itself; in another repo it is a tool. */
const isRunnable = (dir: string): boolean =>
  existsSync(join(dir, "repo_config.yaml")) &&
  existsSync(join(dir, "changelog.txt")) &&
  !existsSync(join(dir, "thin_client", "template"));

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
