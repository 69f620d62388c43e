/** The main branch of a repo's remote. */
export type Main = {
  readonly remote: string;
  readonly branch: string;
  /** Where it is there; as it was last fetched where the remote was not to be asked. */
  readonly commit: string;
  /** Where this clone saw it last; null where it never fetched it. */
  readonly fetched: string | null;
};

/** The ref under which this clone keeps it. */
export const trackingRef = ({ remote, branch }: Pick<Main, "remote" | "branch">): string =>
  `refs/remotes/${remote}/${branch}`;
