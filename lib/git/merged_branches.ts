import type { Main } from "./git_main.ts";

export type Branch = { readonly name: string; readonly commit: string };

/** The branches of a repo that main has, as it was last fetched. */
export type RepoBranches = {
  readonly path: string;
  readonly main: Main;
  readonly local: readonly Branch[];
  readonly remote: readonly Branch[];
  /** Checked out somewhere, or what a rebase comes back to. */
  readonly inUse: readonly string[];
  /** The remote has something that was not fetched yet. */
  readonly isStale: boolean;
  /** Branches with settings of their own. */
  readonly configured: readonly string[];
};
