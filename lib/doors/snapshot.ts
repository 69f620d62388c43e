import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import type { Snapshot } from "../tests/snapshot.ts";
import { privateFolder, readText, remove, writeText } from "./files.ts";
import { gitIn, tryGit } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Code = NonNullable<Snapshot["code"]>;

/**
 * Git as it is without a user's and a machine's settings: what it writes is the commit, not what hooks, filters, line ends
 * or attributes of this machine make of it.
 */
const plain = (env: Env): Env => ({
  ...env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_COUNT: "0",
  GIT_CONFIG_PARAMETERS: undefined,
  GIT_ATTR_NOSYSTEM: "1",
});

/** Makes a folder a clone of a repo at a commit, with its submodules: what anybody gets who clones it. Nothing is fetched. */
export async function makeSnapshot(root: string, path: string, code: Code & Origin, env: Env): Promise<void> {
  const target = join(root, path);
  removeSnapshot(target);
  privateFolder(dirname(target));
  await cloneAt({ source: root, target, ...code }, env);
  const missing = code.mounted.find((inner) => !existsSync(join(target, inner)));
  if (missing === undefined) return;
  throw new UserError(`${missing} is named by repo_config.yaml, and is not in the commit`, {
    why: "The gates of a release see what Git knows, so that anyone who tests the commit tests the same.",
    fix: `Add it: git add ${missing}; or name it below the runnable dir in repo_config.yaml: tests: {mount: [...]}`,
  });
}

/** The address of the remote called origin, null where there is none; undefined where Git is to be asked. */
type Origin = { readonly origin?: string | null };
type Clone = Origin & {
  readonly source: string;
  readonly target: string;
  readonly commit: string;
  readonly branch: string | null;
};

async function cloneAt({ source, target, commit, branch, origin }: Clone, env: Env): Promise<void> {
  await gitIn(source, env)(["clone", "--quiet", "--no-checkout", "--origin", "origin", "--template=", ".", target]);
  const asked = async () => (await tryGit(source, env, ["config", "--get", "remote.origin.url"])).stdout.trim();
  const address = origin === undefined ? await asked() : (origin ?? "");
  const git = gitIn(target, plain(env));
  if (address === "") await git(["remote", "remove", "origin"]);
  else nameOrigin(target, address);
  const at = branch === null ? ["--detach"] : ["-B", branch];
  await git(["-c", "core.attributesFile=/dev/null", "checkout", "--quiet", "--force", ...at, commit]);
  if (!existsSync(join(target, ".gitmodules"))) return;
  const links = await git(["ls-tree", "-r", "-z", "--full-tree", commit]);
  for (const line of links.split("\0")) {
    const [, inner, path] = /^160000 commit ([0-9a-f]+)\t(.+)$/s.exec(line) ?? [];
    if (inner && path) await cloneSubmodule({ source, target, commit: inner, branch: null }, path, env);
  }
}

/** Has a new clone say that it is one of an address: in its config, as Git has just written it, is one (git-config(1), "Syntax"). */
function nameOrigin(target: string, address: string): void {
  const file = ".git/config";
  const value = `"${address.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`;
  writeText(
    [target],
    file,
    (readText(join(target, file)) ?? "").replace(/^\turl = .*$/m, () => `\turl = ${value}`),
  );
}

async function cloneSubmodule(outer: Clone, path: string, env: Env): Promise<void> {
  const source = join(outer.source, path);
  const target = join(outer.target, path);
  if (!existsSync(join(source, ".git")))
    throw new UserError(`the submodule ${path} is not there`, {
      why: "A commit names the commits of its submodules, and its tests run with them.",
      fix: "git submodule update --init --recursive",
    });
  // Git makes an empty folder where a submodule belongs; one that leads elsewhere was put there by a hostile tree.
  if (realpathSync(target) !== join(realpathSync(outer.target), path))
    throw new UserError(`the submodule ${path} lies behind a link`, {
      why: "A link could lead out of the repo.",
      fix: `Look at the commit: git ls-tree -r ${outer.commit.slice(0, 12)}`,
    });
  await cloneAt({ source, target, commit: outer.commit, branch: null }, env);
}

/** Removes a snapshot; what a container left in it as another user is told. */
export function removeSnapshot(target: string): void {
  try {
    remove(target);
  } catch (error) {
    throw new UserError(`${target} cannot be removed: ${(error as NodeJS.ErrnoException).code}`, {
      why: "Each test list starts from the commit alone, and a container left files of another user there.",
      fix: `sudo rm -rf ${target}`,
    });
  }
}
