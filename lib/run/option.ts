/** One word of the vocabulary: what it takes, its other spellings, and what happens when you pass it. */
export type Option<T = unknown> = {
  /** `optional`: a flag that may carry a value, as in `--multi-arch [PLATFORMS]`. */
  readonly takes: "flag" | "value" | "optional" | "list";
  readonly parse: (text: string) => T;
  readonly fallback: T | undefined;
  readonly short?: string;
  readonly aliases?: readonly string[];
  /** Spellings that stand for a fixed value: `--update-poetry` = `--poetry-mode update`. */
  readonly meanings?: Readonly<Record<string, string>>;
  readonly hint?: string;
  readonly help: string;
  /** Never read from `.env` or SLIPWAY_<OPTION>: versions, answers, commands, and all that skips tests. */
  readonly onlyTyped?: true;
  /** Bare words are its values too: `compare_packages A B` = `compare_packages --images A,B`. */
  readonly positional?: true;
};
