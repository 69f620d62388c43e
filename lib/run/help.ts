import { fold } from "../text/columns.ts";
import type { Option, OptionSet } from "./options.ts";
import { kebab } from "./parse_options.ts";

export type Page = {
  readonly name: string;
  readonly about: string;
  readonly options: OptionSet;
  readonly universal: OptionSet;
  readonly examples: readonly string[];
};

/** How an option is typed, what happens then, and what else there is to know of it. */
export type Row = { readonly spelling: string; readonly text: string; readonly notes: readonly string[] };

/** The whole help of a script for a terminal of so many columns: what it does, examples, its options, those that all take. */
export function renderHelp(page: Page, columns: number): string {
  const own = rowsOf(page.options);
  return [
    ...fold(page.about, columns),
    "",
    usageOf(page),
    "",
    "Examples:",
    ...examplesOf(page).map((example) => `  ${example}`),
    "",
    ...(own.length > 0 ? ["Options:", ...own.flatMap((row) => lines(row, columns)), ""] : []),
    "All workflows:",
    ...sharedRows(page).flatMap((row) => lines(row, columns)),
  ].join("\n");
}

/** The short one, of `-h`: its own options, and where the rest is. */
export const renderShortHelp = (page: Page, columns: number): string =>
  [
    ...fold(page.about, columns),
    "",
    usageOf(page),
    "",
    ...rowsOf(page.options).flatMap((row) => lines({ ...row, notes: [] }, columns)),
    ...fold(`i ${page.name} --help has examples, defaults, other spellings, and what every workflow takes.`, columns),
  ].join("\n");

/** What can be typed as it stands: the script's own examples, the first of them also as a dry run; its bare name where it has none. */
export function examplesOf({ name, examples }: Pick<Page, "name" | "examples">): readonly string[] {
  const [first = `i ${name}`, ...more] = examples;
  return [first, first.replace(`i ${name}`, `i ${name} --dry-run`), ...more];
}

/** How it is typed, with the words that it takes without an option. */
export function usageOf({ name, options }: Pick<Page, "name" | "options">): string {
  const words = Object.values(options).flatMap(({ positional, hint }) => (positional ? [` ${hint}`] : []));
  return `Usage: i ${name}${words.join("")} [OPTIONS]`;
}

/** What is to be said of each option, in the order of the script. */
export const rowsOf = (options: OptionSet): Row[] =>
  Object.entries(options).map(([name, option]) => ({
    spelling: spelling(name, option),
    text: option.help,
    notes: notes(option),
  }));

/** The same of those that every script takes, but for one that this script uses for something of its own. */
export const sharedRows = ({ options, universal }: Page): Row[] =>
  rowsOf(Object.fromEntries(Object.entries(universal).filter(([name]) => !(name in options))));

function spelling(name: string, option: Option): string {
  const value = { flag: "", value: ` ${option.hint}`, list: ` ${option.hint}`, optional: ` [${option.hint}]` }[
    option.takes
  ];
  const long = option.fallback === true ? `--no-${kebab(name)}` : `--${kebab(name)}`;
  return `${option.short ? `-${option.short}, ` : "    "}${long}${value}`;
}

function notes(option: Option): string[] {
  const aliases = [
    ...(option.aliases ?? []).map((alias) => `--${alias}`),
    ...Object.entries(option.meanings ?? {}).map(([word, value]) => `--${word} = ${value}`),
  ];
  const fallback = ["string", "number"].includes(typeof option.fallback) ? [`default ${option.fallback}`] : [];
  const bare = option.positional ? [`or just ${option.hint}`] : [];
  return [...bare, ...fallback, ...(aliases.length > 0 ? [`also ${aliases.join(", ")}`] : [])];
}

/** Columns that spellings have beside their texts; a longer one stands on a line of its own, as all do in a narrow terminal. */
const column = 30;

function lines({ spelling, text, notes }: Row, columns: number): string[] {
  const isNarrow = columns < 72;
  const indent = " ".repeat(isNarrow ? 8 : column + 2);
  const [first = "", ...more] = fold(
    notes.length > 0 ? `${text} (${notes.join("; ")})` : text,
    columns - indent.length,
  );
  const rest = more.map((line) => `${indent}${line}`);
  if (isNarrow || spelling.length >= column) return [`  ${spelling}`, `${indent}${first}`, ...rest];
  return [`  ${spelling.padEnd(column)}${first}`, ...rest];
}
