/** How Git is called in the super-repo, or in one below it. */
export const gitAt = (repo: string): readonly string[] => (repo === "." ? ["git"] : ["git", "-C", repo]);

/** A path that Git takes for a pattern is said to be none (gitglossary(7), "pathspec"). */
export const asPathspec = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `:(literal)${path}`);

/** What a person types to be where a merge was begun. */
export const unfinishedMerge = (git: string): string =>
  `Resolve them, then: ${git} add FILE && ${git} commit; or go back to where you were: ${git} merge --abort`;
