import { join } from "node:path";
import { type Main, trackingRef } from "../git/git_main.ts";
import type { Branch, RepoBranches } from "../git/merged_branches.ts";
import { filesIn, readText } from "./files.ts";
import { gitIn, tryGit } from "./git.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Asked = { readonly path: string; readonly main: Main; readonly onRemote: boolean };

/** The branches of a repo, and with `onRemote` of its remote, that main has as it was last fetched. Asks the remote only then. */
export async function loadBranches(root: string, { path, main, onRemote }: Asked, env: Env): Promise<RepoBranches> {
  const folder = join(root, path);
  const git = gitIn(folder, env);
  const refs = async (pattern: string, isMerged: boolean) => {
    const merged = isMerged ? [`--merged=${trackingRef(main)}`] : [];
    const text = await git(["for-each-ref", `--format=${format}`, ...merged, pattern]);
    return text.split("\n").flatMap((line) => rowOf(line, pattern));
  };
  const [local, tracked, merged, heads, sections, busy] = await Promise.all([
    main.fetched === null ? [] : refs("refs/heads/", true),
    onRemote ? refs(`refs/remotes/${main.remote}/`, false) : [],
    onRemote && main.fetched !== null ? refs(`refs/remotes/${main.remote}/`, true) : [],
    onRemote ? headsOf(main.remote, git) : [],
    tryGit(folder, env, ["config", "--null", "--name-only", "--get-regexp", "^branch\\."]),
    busyIn(git),
  ]);
  const settings = sections.stdout.split("\0");
  const known = new Map(tracked.map(({ name, commit }) => [name, commit]));
  const inMain = new Set([...local, ...merged].map(({ commit }) => commit));
  const inUse = local.flatMap(({ name, isOut }) => (isOut ? [name] : []));
  return {
    path,
    main,
    local: local.filter(({ name, isOut, isAlias }) => !isOut && !isAlias && !busy.includes(name)).map(plain),
    remote: heads.filter(({ commit }) => inMain.has(commit)),
    inUse: [...inUse, ...busy],
    isStale: main.fetched !== main.commit || heads.some(({ name, commit }) => known.get(name) !== commit),
    configured: local.flatMap(({ name }) => (settings.some((key) => key.startsWith(`branch.${name}.`)) ? [name] : [])),
  };
}

const plain = ({ name, commit }: Branch): Branch => ({ name, commit });

/** A ref that is another's name is an alias (git-symbolic-ref(1)): who deletes it may delete the other. */
const format = "%(refname)%00%(objectname)%00%(symref)%00%(if)%(worktreepath)%(then)out%(end)";

function rowOf(line: string, before: string) {
  const [ref = "", commit = "", symref = "", out = ""] = line.split("\0");
  const name = ref.slice(before.length);
  return name === "" ? [] : [{ name, commit, isAlias: symref !== "", isOut: out !== "" }];
}

async function headsOf(remote: string, git: ReturnType<typeof gitIn>): Promise<Branch[]> {
  const lines = (await git(["ls-remote", "--symref", "--heads", remote])).split("\n");
  const aliases = lines.flatMap((line) => /^ref: .*\trefs\/heads\/(.+)$/.exec(line)?.[1] ?? []);
  return lines.flatMap((line) => {
    const [, commit = "", name] = /^([0-9a-f]{40,64})\trefs\/heads\/(.+)$/.exec(line) ?? [];
    return name === undefined || aliases.includes(name) ? [] : [{ name, commit }];
  });
}

/** Branches that a rebase or a bisection comes back to, in any worktree of the repo. */
async function busyIn(git: ReturnType<typeof gitIn>): Promise<readonly string[]> {
  const common = await git(["rev-parse", "--path-format=absolute", "--git-common-dir"]);
  const dirs = [common, ...filesIn(join(common, "worktrees")).map((name) => join(common, "worktrees", name))];
  const texts = dirs.flatMap((dir) =>
    ["rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"].map((name) => readText(join(dir, name))),
  );
  return texts.flatMap((text) => (text ? [text.trim().replace(/^refs\/heads\//, "")] : []));
}
