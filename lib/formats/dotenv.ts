/** What `.env` says, before anybody asks whether it may: each assignment with its line, and the lines that are none. */
export type DotEnv = {
  readonly assignments: readonly { readonly name: string; readonly line: string }[];
  /** Numbers of lines, from 1. */
  readonly unread: readonly number[];
};

const assignment = /^(?:export[ \t]+)?([\w.-]+)(?:[ \t]*=|:[ \t])[ \t]*(.*)$/;
/** A value in quotes that ends on its line, with nothing but a comment behind it. */
const quoted = /^(['"`])(?:(?!\1).)*(?<!\\)\1[ \t]*(?:#.*)?$/;
/** White space that one of the two readers trims and the other keeps, and bytes that are no text. */
const strange = /[\0\v\f\r\u00a0\ufeff\ufffd]/;

/**
 * Cuts `.env` into lines that a reader takes one by one, so that dotenv here and the sourced shell (`_slipway_dotenv` of
 * setenv.sh) give one answer: a value stands on one line. What does not is left out as a whole, up to its closing quote.
 */
export function readDotEnv(text: string): DotEnv {
  const assignments: { name: string; line: string }[] = [];
  const unread: number[] = [];
  let open: string | null = null;
  for (const [index, raw] of text
    .replace(/^\ufeff/, "")
    .split("\n")
    .entries()) {
    const line = raw.replace(/\r$/, "").replace(/^[ \t]+|[ \t]+$/g, "");
    if (open !== null) {
      if (line.includes(open)) open = null;
      continue;
    }
    if (line === "" || line.startsWith("#")) continue;
    const [, name, value = ""] = assignment.exec(line) ?? [];
    const [quote = ""] = /^['"`]/.exec(value) ?? [];
    if (name !== undefined && quote !== "" && !value.slice(1).includes(quote)) open = quote;
    if (name === undefined || strange.test(line) || (quote !== "" && !quoted.test(value))) unread.push(index + 1);
    else assignments.push({ name, line });
  }
  return { assignments, unread };
}

/** The names that a person gave in a variable of their own environment, separated by spaces or commas. */
export const namesIn = (text: string | undefined): readonly string[] => (text ?? "").split(/[\s,]+/).filter(Boolean);

/** Whether `.env` may set a variable: by the lines of dotenv_names.txt, of which the first that fits counts, or by name. */
export function mayStandInDotEnv(name: string, list: string, allowed: readonly string[]): boolean {
  if (!/^[A-Za-z_]\w*$/.test(name)) return false;
  if (allowed.includes(name)) return true;
  const lines = list.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const first = lines.find((line) => fits(line.replace(/^!/, ""), name));
  return first !== undefined && !first.startsWith("!");
}

/** `*` stands for anything. */
const fits = (pattern: string, name: string): boolean => new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(name);

/** What a person is told of a `.env` that was not taken as a whole, a line each; setenv.sh says the same. */
export const dotEnvNotes = ({ out, unread }: { out: readonly string[]; unread: readonly number[] }): string[] => [
  ...(out.length > 0
    ? [
        `.env may not set ${[...new Set(out)].join(", ")}; left out (SLIPWAY_DOTENV_ALLOW="NAME ..." of your own environment allows more)`,
      ]
    : []),
  ...(unread.length > 0 ? [`.env:${unread.join(",")} is no NAME=VALUE on one line; left out`] : []),
];
