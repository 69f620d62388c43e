import type { Repo } from "../git/git_status.ts";
import { asPathspec } from "../git/git_words.ts";
import { runGit } from "../kinds/run_git.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { oneLine } from "../text/visible.ts";

export type CleanOptions = { readonly exclude: readonly string[]; readonly ignored: boolean };
type Seen = { readonly repos: readonly Repo[]; readonly untracked: Readonly<Record<string, readonly string[]>> };

/** Patterns of what stays: the settings of a person, and what was named. */
export const keptBy = ({ exclude }: CleanOptions): readonly string[] => [".env", ".env.*", ...exclude];

/** As many paths go into one command: the words of a program have a limit. */
const atOnce = 200;

/** Removes what is not tracked, exactly the paths that were shown. */
export function cleanRepos(_facts: Facts, options: CleanOptions, seen: Seen): Step[] {
  return seen.repos.map((repo, index) => {
    const paths = goingOf(repo, seen);
    const chunks = paths.flatMap((_, at) => (at % atOnce === 0 ? [paths.slice(at, at + atOnce)] : []));
    const kept = keptBy(options).map((pattern) => `--exclude=${pattern}`);
    const words = ["clean", "--force", "-d", ...(options.ignored ? ["-x"] : []), ...kept, "--"];
    const actions = chunks.map((some) => runGit({ repo: repo.path, argv: [...words, ...some.map(asPathspec)] }));
    const where = repo.path === "." ? "the super-repo" : repo.path;
    return step(`clean_${index}`, oneLine(`Remove untracked files from ${where}`), actions, {
      skip: notCleaned(repo, paths),
    });
  });
}

/** All that goes, and the question; none where nothing does. */
export function asksClean(_facts: Facts, _options: unknown, seen: Seen): string | null {
  const all = seen.repos.flatMap((repo) =>
    goingOf(repo, seen).map((path) => oneLine(repo.path === "." ? path : `${repo.path}/${path}`)),
  );
  return all.length === 0
    ? null
    : `${all.join("\n")}\nRemove ${all.length === 1 ? "this path" : `these ${all.length} paths`}? This cannot be undone.`;
}

const goingOf = (repo: Repo, { untracked }: Seen): readonly string[] =>
  isUnborn(repo) ? [] : (untracked[repo.path] ?? []);

const isUnborn = (repo: Repo): boolean => repo.state === "read" && repo.commit === null;

function notCleaned(repo: Repo, paths: readonly string[]): string | null {
  if (repo.state !== "read") return oneLine(`${repo.state}: ${repo.why}`);
  if (isUnborn(repo)) return "it has no commit yet, so all that it has would go";
  return paths.length === 0 ? "nothing to remove" : null;
}
