/** What the packages of an image are asked for in; all paths are relative to `root`. */
export type PackageFacts = {
  readonly pyproject: {
    readonly folder: string;
    readonly text: string;
    /** The parsed file. */
    readonly value: unknown;
    readonly lock: string | null;
    readonly pipList: string | null;
  } | null;
  /** Runnable dirs below this one. */
  readonly nested: readonly string[];
};
