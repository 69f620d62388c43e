import { join } from "node:path";
import { gitIn } from "../doors/git.ts";
import { forkFromMain } from "../doors/git_main.ts";
import { loadRepos } from "../doors/git_repos.ts";
import { type Change, parseChanges } from "../git/git_changes.ts";
import type { Facts } from "../plan/facts.ts";

/** What the branch of a repo has that main had not when it left there; or why nobody can tell. */
export type RepoDiff =
  | {
      readonly path: string;
      readonly fork: string;
      readonly changes: readonly Change[];
      readonly patch: string | null;
      readonly why: null;
    }
  | { readonly path: string; readonly why: string };

/** What the commits of each repo's branch changed since it left main, as that was last fetched; with `patch` the text too. */
export async function lookForBranchDiff(
  { place: { root }, env }: Facts,
  { patch }: { readonly patch: boolean },
): Promise<readonly RepoDiff[]> {
  const repos = await loadRepos(root, env);
  return Promise.all(
    repos.map(async (repo): Promise<RepoDiff> => {
      const { path } = repo;
      if (repo.state !== "read") return { path, why: `${repo.state}: ${repo.why}` };
      if (repo.commit === null) return { path, why: "it has no commit yet" };
      const folder = join(root, path);
      const fork = await forkFromMain(folder, env);
      if (fork === null) return { path, why: "it has no commit in common with main or master, of origin or here" };
      const diff = (...words: readonly string[]) =>
        gitIn(folder, env)(["diff", ...plain, ...words, fork, "HEAD", "--"]);
      const below = path === "." ? "" : `${path}/`;
      const [raw, text] = await Promise.all([
        diff("--raw", "-z"),
        patch ? diff("--patch", `--src-prefix=a/${below}`, `--dst-prefix=b/${below}`) : null,
      ]);
      return { path, fork, changes: parseChanges(raw), patch: text, why: null };
    }),
  );
}

/** A person's settings change nothing of it, and no program of the repo's shows a file. */
const plain = [
  ...["--no-ext-diff", "--no-textconv", "--no-renames", "--no-color", "--no-relative", "--submodule=short"],
  "--ignore-submodules=none",
];
