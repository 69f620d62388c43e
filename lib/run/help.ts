import type { Option, OptionSet } from "./options.ts";
import { kebab } from "./parse_options.ts";

type Page = {
  readonly name: string;
  readonly about: string;
  readonly options: OptionSet;
  readonly universal: OptionSet;
  readonly examples: readonly string[];
};

/** The help page of a script: what it does, examples, its options, the ones all scripts share. */
export const renderHelp = (page: Page): string =>
  [
    page.about,
    "",
    "Examples:",
    ...examplesOf(page).map((example) => `  ${example}`),
    "",
    ...(Object.keys(page.options).length > 0 ? ["Options:", ...rows(page.options), ""] : []),
    "All workflows:",
    ...rows(Object.fromEntries(Object.entries(page.universal).filter(([name]) => !(name in page.options)))),
  ].join("\n");

/** What can be typed as it stands: the script's own examples, the first of them also as a dry run; its bare name where it has none. */
export function examplesOf({ name, examples }: Pick<Page, "name" | "examples">): readonly string[] {
  const [first = `i ${name}`, ...more] = examples;
  return [first, first.replace(`i ${name}`, `i ${name} --dry-run`), ...more];
}

const rows = (options: OptionSet): string[] =>
  Object.entries(options).map(
    ([name, option]) => `  ${spelling(name, option).padEnd(38)} ${option.help}${note(option)}`,
  );

function spelling(name: string, option: Option): string {
  const value = { flag: "", value: ` ${option.hint}`, list: ` ${option.hint}`, optional: ` [${option.hint}]` }[
    option.takes
  ];
  const long = option.fallback === true ? `--no-${kebab(name)}` : `--${kebab(name)}`;
  return `${option.short ? `-${option.short}, ` : "    "}${long}${value}`;
}

function note(option: Option): string {
  const aliases = [
    ...(option.aliases ?? []).map((alias) => `--${alias}`),
    ...Object.entries(option.meanings ?? {}).map(([word, value]) => `--${word} = ${value}`),
  ];
  const fallback = typeof option.fallback === "string" ? [`default ${option.fallback}`] : [];
  const bare = option.positional ? [`or just ${option.hint}`] : [];
  const notes = [...bare, ...fallback, ...(aliases.length > 0 ? [`also ${aliases.join(", ")}`] : [])];
  return notes.length > 0 ? ` (${notes.join("; ")})` : "";
}
