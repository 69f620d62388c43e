import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readRepoText } from "../../lib/doors/files.ts";
import type { TmuxFacts } from "../../lib/flows/tmux.ts";
import { UserError } from "../../lib/model/errors.ts";
import type { Facts } from "../../lib/model/facts.ts";
import { parseTmuxConfig } from "../../lib/model/tmux_config.ts";

const thinClient = dirname(dirname(fileURLToPath(import.meta.url)));

/** Looks at tmux, at the repo's submodules and at the home dir; changes nothing. */
export function readTmuxFacts({ place, config, env, user }: Facts): TmuxFacts {
  const root = place.root;
  const own = readRepoText(root, "tmux.config");
  const text = own ?? readRepoText(dirname(thinClient), "tmux.config") ?? "";
  // A path in it would lead the link elsewhere.
  const suffix = (dirSuffix(root) ?? config.dirSuffix).replaceAll("/", "_");
  const link = join(user.home, `go_${suffix}`);
  const target = join(thinClient, "tmux", "go");
  const shell = basename(env["SHELL"] ?? "");
  return {
    suffix,
    config: parseTmuxConfig(
      text,
      own === null ? join(relative(root, dirname(thinClient)), "tmux.config") : "tmux.config",
    ),
    folders: [
      { name: "", dir: root },
      ...submodules(root, "")
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
