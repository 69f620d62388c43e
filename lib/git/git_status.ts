import { renderTable } from "../text/table.ts";

/** Where a repo stands, as git-status(1) says it in "Porcelain Format Version 2". */
export type RepoStatus = {
  /** Null where there is no commit yet. */
  readonly commit: string | null;
  /** Null where no branch is checked out. */
  readonly branch: string | null;
  readonly upstream: string | null;
  /** Against the upstream as it was last fetched; null without one, and where it was deleted. */
  readonly ahead: number | null;
  readonly behind: number | null;
  /** Files that are changed or untracked, without those in conflict. */
  readonly changed: number;
  readonly conflicts: number;
};

/** A submodule as the index of the repo above it has it; no commit where the two sides of a merge differ. */
export type Gitlink = { readonly path: string; readonly commit: string | null };

/** The super-repo, or a submodule below it; `wanted` is the commit that the repo above points at. */
export type Repo =
  | (RepoStatus & { readonly state: "read"; readonly path: string; readonly wanted: string | null })
  | {
      readonly state: "not cloned" | "unreadable";
      readonly path: string;
      readonly wanted: string | null;
      readonly why: string;
    };

/** Reads what `git status --porcelain=v2 --branch -z --ignore-submodules=dirty` prints. */
export function parseStatus(text: string): RepoStatus {
  const records = text.split("\0").filter((record) => record !== "");
  const heads = new Map<string, string>();
  let [changed, conflicts] = [0, 0];
  for (let at = 0; at < records.length; at += 1) {
    const record = records[at] ?? "";
    const kind = record[0];
    if (kind === "#") {
      const [, name = "", value = ""] = /^# branch\.(\S+) (.*)$/s.exec(record) ?? [];
      heads.set(name, value);
    } else if (kind === "u") conflicts += 1;
    // A submodule that stands at another commit is told by its own row.
    else if (!/^1 \.M SC/.test(record)) changed += 1;
    // A renamed file is followed by its old path.
    if (kind === "2") at += 1;
  }
  const [, ahead = null, behind = null] = /^\+(\d+) -(\d+)$/.exec(heads.get("ab") ?? "") ?? [];
  const [commit = "(initial)", branch = "(detached)"] = [heads.get("oid"), heads.get("head")];
  return {
    commit: commit === "(initial)" ? null : commit,
    branch: branch === "(detached)" ? null : branch,
    upstream: heads.get("upstream") ?? null,
    ahead: ahead === null ? null : Number(ahead),
    behind: behind === null ? null : Number(behind),
    changed,
    conflicts,
  };
}

/** The submodules in what `git ls-files --stage -z` prints (mode 160000). */
export function parseGitlinks(text: string): Gitlink[] {
  const links = new Map<string, string | null>();
  for (const record of text.split("\0")) {
    const [, commit = "", stage, path] = /^160000 ([0-9a-f]+) (\d)\t(.+)$/s.exec(record) ?? [];
    if (path !== undefined) links.set(path, stage === "0" ? commit : null);
  }
  return [...links].map(([path, commit]) => ({ path, commit }));
}

/** Whether a submodule stands elsewhere than the repo above points; the outermost repo has none above it. */
export const pointerOf = (repo: Repo): "" | "same" | "moved" | "conflict" => {
  if (repo.path === ".") return "";
  if (repo.wanted === null) return "conflict";
  return repo.state === "read" && repo.commit !== repo.wanted ? "moved" : "same";
};

const short = (commit: string | null): string => commit?.slice(0, 9) ?? "no commit";

/** All repos as one table. */
export const renderRepos = (repos: readonly Repo[]): string =>
  renderTable(
    ["repo", "branch", "commit", "ahead", "behind", "changed", "conflicts", "pointer"],
    repos.map((repo) => {
      const pointer = pointerOf(repo);
      if (repo.state !== "read") return [repo.path, repo.state, "-", "-", "-", "-", "-", pointer];
      const counts = [repo.ahead, repo.behind].map((count) => (count === null ? "-" : String(count)));
      const said = pointer === "moved" ? `moved from ${short(repo.wanted)}` : pointer;
      return [
        ...[repo.path, repo.branch ?? "detached", short(repo.commit), ...counts],
        ...[String(repo.changed), String(repo.conflicts), said],
      ];
    }),
  );

/** The path of the repo that a submodule lies in. */
export function parentOf(path: string, repos: readonly Repo[]): string {
  const above = repos.map((repo) => repo.path).filter((one) => one !== "." && path.startsWith(`${one}/`));
  return above.sort((a, b) => b.length - a.length)[0] ?? ".";
}
