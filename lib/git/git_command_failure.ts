import { oneLine } from "../text/visible.ts";
import { gitFailure } from "./git_failure.ts";
import { unfinishedMerge } from "./git_words.ts";

type Row = { readonly says: RegExp; readonly why: string; readonly fix: (git: string) => string };

const rows: readonly Row[] = [
  {
    says: /^CONFLICT |Automatic merge failed/m,
    why: "Both sides changed the same; the files in conflict are as Git writes them, with both.",
    fix: unfinishedMerge,
  },
  {
    says: /Not possible to fast-forward|Diverging branches can't be fast-forwarded/,
    why: "Your branch and the remote's have diverged: each has commits that the other lacks.",
    fix: (git) => `Bring them together: ${git} pull --rebase, or ${git} pull --no-rebase`,
  },
  {
    says: /would be overwritten by (merge|checkout)/,
    why: "Files that you changed or added and did not commit would be overwritten.",
    fix: (git) =>
      `Put them aside: ${git} stash --include-untracked; run the same command again, then: ${git} stash pop`,
  },
  {
    says: /MERGE_HEAD exists|unmerged files|unfinished merge|resolve your current index|during a merge|while merging/,
    why: "A merge is not finished here.",
    fix: (git) => `Finish it: ${git} commit; or go back to where you were: ${git} merge --abort`,
  },
  {
    says: /no such ref was fetched|@\{upstream\} - not something we can merge|not stored as a remote-tracking branch/,
    why: "The remote no longer has the branch that this one follows.",
    fix: (git) => `Follow another one: ${git} branch --set-upstream-to=origin/main`,
  },
  {
    says: /cannot lock ref .* (but expected|unable to resolve reference)|\(stale info\)/,
    why: "Somebody moved or deleted the branch since it was looked at.",
    fix: () => "Run the same command again: it looks anew",
  },
];

/** Why a Git command of a person failed, and the line to type next; `git` is how Git is called in that repo. */
export function commandFailure(text: string, git: string): { readonly why: string; readonly fix: string } {
  const row = rows.find(({ says }) => says.test(text));
  if (row) return { why: row.why, fix: row.fix(git) };
  const known = gitFailure(text, null);
  if (known)
    return {
      why: `${known.why} Git says: ${known.said}`,
      fix: known.fix.replaceAll(/\bgit(?= (ls-remote|remote|config) )/g, () => git),
    };
  const said = text.trim().split("\n").slice(-3).join(" ");
  return { why: oneLine(said) || "Git gave no reason.", fix: `Check it by hand: ${git} status` };
}
