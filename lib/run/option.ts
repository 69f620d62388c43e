import { UserError } from "../model/errors.ts";

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

/** What a flag may be in the environment; typed, it stands alone and is true. */
function parseFlag(text: string): boolean {
  if (["", "1", "true", "yes"].includes(text.toLowerCase())) return true;
  if (["0", "false", "no"].includes(text.toLowerCase())) return false;
  throw new UserError(`"${text}" is neither true nor false`, {
    why: "A flag is on or off.",
    fix: "Set it to true or false",
  });
}

export const flag = (help: string, more: Partial<Option<boolean>> = {}): Option<boolean> => ({
  takes: "flag",
  parse: parseFlag,
  fallback: false,
  help,
  ...more,
});
export const text = <T = string>(hint: string, help: string, more: Partial<Option<T>> = {}): Option<T | undefined> =>
  ({ takes: "value", parse: (value) => value as T, fallback: undefined, hint, help, ...more }) as Option<T | undefined>;
/** The items of a list that is typed with commas. */
export const commaSeparated = (value: string): readonly string[] =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
export const list = (
  hint: string,
  help: string,
  more: Partial<Option<readonly string[]>> = {},
): Option<readonly string[]> => ({
  takes: "list",
  parse: commaSeparated,
  fallback: [],
  hint,
  help,
  ...more,
});
