import { parseArgs } from "node:util";
import { didYouMean } from "../config/config_reader.ts";
import { UserError } from "../errors.ts";
import type { Option, OptionSet } from "./options.ts";

type Env = Readonly<Record<string, string | undefined>>;
export type Parsed = {
  readonly values: Readonly<Record<string, unknown>>;
  /** Option name -> where its value came from, when it was not typed. */
  readonly origins: Readonly<Record<string, string>>;
  /** The words after `--`. */
  readonly words: readonly string[];
};

export const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const variable = (name: string): string => `SLIPWAY_${kebab(name).replaceAll("-", "_").toUpperCase()}`;

type Spelling = { readonly name: string; readonly option: Option; readonly fixed?: string };

function spellings(options: OptionSet): Map<string, Spelling> {
  return new Map(
    Object.entries(options).flatMap(([name, option]) => [
      ...[kebab(name), ...(option.aliases ?? []), ...(option.short ? [option.short] : [])].map(
        (word) => [word, { name, option }] as const,
      ),
      ...(option.takes === "flag" && option.fallback === true
        ? [[`no-${kebab(name)}`, { name, option, fixed: "false" }] as const]
        : []),
      ...Object.entries(option.meanings ?? {}).map(([word, fixed]) => [word, { name, option, fixed }] as const),
    ]),
  );
}

/** Reads argv against a set of options; a value comes from argv, then SLIPWAY_<OPTION>, then the default. Throws on any word it does not know. */
export function parseOptions(options: OptionSet, argv: readonly string[], env: Env): Parsed {
  const known = spellings(options);
  const cut = argv.indexOf("--");
  const own = cut < 0 ? argv : argv.slice(0, cut);
  const typed = new Map<string, unknown>();
  for (const { spelling, text } of readTokens(known, own))
    typed.set(spelling.name, merge(spelling, text, typed.get(spelling.name)));
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [name, option] of Object.entries(options)) {
    const fromEnv = option.onlyTyped ? undefined : env[variable(name)];
    if (!typed.has(name) && fromEnv) origins[name] = variable(name);
    values[name] = typed.has(name) ? typed.get(name) : fromEnv ? option.parse(fromEnv) : option.fallback;
  }
  return { values, origins, words: cut < 0 ? [] : argv.slice(cut + 1) };
}

/** What was typed as words again, but for some options: each by its own name, whatever alias or place it had. */
export function typedAgain(options: OptionSet, argv: readonly string[], without: readonly string[]): readonly string[] {
  const cut = argv.indexOf("--");
  const own = cut < 0 ? argv : argv.slice(0, cut);
  const words = readTokens(spellings(options), own).flatMap(({ spelling: { name, option, fixed }, text }) => {
    if (without.includes(name)) return [];
    if (option.takes === "flag") return [fixed === "false" ? `--no-${kebab(name)}` : `--${kebab(name)}`];
    return [`--${kebab(name)}=${fixed ?? text}`];
  });
  return [...words, ...(cut < 0 ? [] : argv.slice(cut))];
}

/** The same words with a `--` before the first one that is neither an option nor the value of one. */
export function cutAtWords(options: OptionSet, argv: readonly string[]): readonly string[] {
  const known = spellings(options);
  const takesNext = (word: string) => {
    const found = known.get(word.replace(/^--?/, ""));
    return found?.fixed === undefined && (found?.option.takes === "value" || found?.option.takes === "list");
  };
  const first = argv.findIndex((word, index) => !word.startsWith("-") && !takesNext(argv[index - 1] ?? "word"));
  const cut = argv.indexOf("--");
  if (first < 0 || (cut >= 0 && cut < first)) return argv;
  return [...argv.slice(0, first), "--", ...argv.slice(first)];
}

const merge = (spelling: Spelling, text: string, before: unknown): unknown => {
  const value = spelling.option.parse(spelling.fixed ?? text);
  return spelling.option.takes === "list" && Array.isArray(before)
    ? [...before, ...(value as readonly unknown[])]
    : value;
};

type Read = { readonly spelling: Spelling; readonly text: string };

/** parseArgs refuses an optional value, so every option that takes one is declared as a string and read from the tokens. */
function declared(known: ReadonlyMap<string, Spelling>) {
  const options = Object.fromEntries(
    [...known]
      .filter(([word]) => word.length > 1)
      .map(([word, { option, fixed }]) => [
        word,
        { type: option.takes === "flag" || fixed !== undefined ? "boolean" : "string", multiple: true } as const,
      ]),
  );
  for (const [word, { name }] of known)
    if (word.length === 1) Object.assign(options[kebab(name)] ?? {}, { short: word });
  return options;
}

function readTokens(known: ReadonlyMap<string, Spelling>, argv: readonly string[]): Read[] {
  const { tokens } = parseArgs({
    args: withEmptyValues(known, argv),
    options: declared(known),
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const taker = [...known.values()].find(({ option }) => option.positional);
  const positionals: string[] = [];
  const found = tokens.flatMap((token): Read[] => {
    if (token.kind === "positional" && taker) return [{ spelling: taker, text: token.value }];
    if (token.kind === "positional") positionals.push(token.value);
    return token.kind === "option" ? [readOption(known, token)] : [];
  });
  if (positionals[0] !== undefined)
    throw new UserError(`"${positionals[0]}" is not an option`, {
      why: "This workflow takes options only; words for a container stand after --.",
      fix: "Run it with --help to see its options",
    });
  return found;
}

/** Whether a word is an option of the workflow: not a value that starts with a dash. */
const isOption = (known: ReadonlyMap<string, Spelling>, word = "-"): boolean =>
  known.has(word.replace(/^--?/, "").replace(/=.*/, ""));

type Token = {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function readOption(known: ReadonlyMap<string, Spelling>, token: Token): Read {
  const spelling = known.get(token.name);
  if (!spelling) throw unknownOption(token.rawName, known);
  const { option, fixed } = spelling;
  const needsText = fixed === undefined && (option.takes === "value" || option.takes === "list");
  if (needsText && (token.value === undefined || (!token.inlineValue && /^-\S*$/.test(token.value))))
    throw missingValue(token.rawName, option, isOption(known, token.value) ? "" : token.value);
  // An empty one, as of a variable that is not set, would mean all.
  if (fixed === undefined && option.takes === "list" && /^[\s,]*$/.test(token.value ?? ""))
    throw missingValue(token.rawName, option);
  const takesNone = fixed !== undefined || option.takes === "flag";
  if (takesNone && token.inlineValue) throw unwantedValue(token.rawName, token.value ?? "");
  return { spelling, text: token.value ?? "" };
}

/** `--multi-arch --json` has no value: parseArgs would take the next option for one. */
const withEmptyValues = (known: ReadonlyMap<string, Spelling>, argv: readonly string[]): string[] =>
  argv.map((word, index) => {
    const spelling = known.get(word.replace(/^--/, ""));
    const next = argv[index + 1];
    const isBare = word.startsWith("--") && spelling?.fixed === undefined && spelling?.option.takes === "optional";
    return isBare && (next === undefined || next.startsWith("-")) ? `${word}=` : word;
  });

const unknownOption = (raw: string, known: ReadonlyMap<string, Spelling>): UserError => {
  const long = [...known.keys()].filter((word) => word.length > 1);
  return new UserError(`"${raw}" is not an option of this workflow`, {
    why: "Unknown options are rejected, never ignored.",
    fix: [didYouMean(raw.replace(/^-+/, ""), long, (word) => `--${word}`), "See --help"].filter(Boolean).join(" "),
  });
};
const missingValue = (raw: string, option: Option, next = ""): UserError =>
  new UserError(`${raw} has no value`, {
    why: `It takes ${option.hint ?? "a value"}.`,
    fix: `Write ${raw} ${option.hint ?? "VALUE"}${next === "" ? "" : `; one that starts with a dash: ${raw}${raw.startsWith("--") ? "=" : ""}${next}`}`,
  });
const unwantedValue = (raw: string, value: string): UserError =>
  new UserError(`${raw} takes no value, but got "${value}"`, {
    why: "It is switched on by its name alone.",
    fix: `Write ${raw}`,
  });
