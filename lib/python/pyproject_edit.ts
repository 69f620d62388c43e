import { UserError } from "../errors.ts";
import { pipName } from "./packages.ts";

/** What is to be added: `foo`, `foo@^1.2`, `foo[extra]`, `foo>=1`. */
export type Wish = { readonly name: string; readonly extras: readonly string[]; readonly constraint: string | null };

/** Reads NAME[@CONSTRAINT]; throws on what is no name of a package, and on what could be more than a constraint. */
export function parseWish(text: string): Wish {
  const [, name, extras = "", at, bare] =
    /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(\[[\w., -]*\])?(?:@([\w.*+!<>=~^,| -]+)|([<>=!~^][\w.*+!<>=~^,| -]*))?$/.exec(
      text.trim(),
    ) ?? [];
  if (!name)
    throw new UserError(`"${text}" names no package`, {
      why: "A package is letters, digits, dots, dashes and underscores, and a constraint stands behind an @.",
      fix: 'Write it like i package_add pytest-timeout, or i package_add "pandas@^2.1"',
    });
  const words = extras
    .replaceAll(/[[\] ]/g, "")
    .split(",")
    .filter(Boolean);
  return { name, extras: words, constraint: (at ?? bare)?.trim() ?? null };
}

/**
 * pyproject.toml with one package more or with another constraint, everything else byte for byte as it was: in poetry's
 * table of the group where the project has one, else in the list of PEP 621. No constraint is `*`, as the documents ask.
 */
export function withPackage(text: string, wish: Wish, group: string): string {
  const section = group === "main" ? "tool.poetry.dependencies" : `tool.poetry.group.${group}.dependencies`;
  const lines = text.split("\n");
  const table = tableOf(lines, section);
  if (table) return intoTable(lines, table, wish);
  const list = group === "main" ? listOf(lines) : undefined;
  if (list) return intoList(lines, list, wish);
  if (tableOf(lines, "tool.poetry"))
    return `${text}${/\n\n$/.test(text) ? "" : text.endsWith("\n") ? "\n" : "\n\n"}[${section}]\n${tableLine(wish)}\n`;
  throw new UserError(`pyproject.toml has no [${section}]`, {
    why: "A package is added to poetry's table of its group, or to the dependencies of [project].",
    fix: `Add the line [${section}] to it, then run the same command again`,
  });
}

/** Indices of lines, both inclusive. */
type Range = { readonly first: number; readonly last: number };

/** The lines of a table, its head first. */
function tableOf(lines: readonly string[], name: string): Range | undefined {
  const first = lines.findIndex((line) => line.replace(/#.*/, "").trim() === `[${name}]`);
  if (first < 0) return undefined;
  const next = lines.findIndex((line, index) => index > first && /^\s*\[/.test(line));
  return { first, last: (next < 0 ? lines.length : next) - 1 };
}

/** The lines of [project]'s dependencies, from the opening bracket to the closing one. */
function listOf(lines: readonly string[]): Range | undefined {
  const project = tableOf(lines, "project");
  if (!project) return undefined;
  const isIn = (index: number) => index > project.first && index <= project.last;
  const first = lines.findIndex((line, index) => isIn(index) && /^\s*dependencies\s*=\s*\[/.test(line));
  const last = lines.findIndex((line, index) => first >= 0 && index >= first && isIn(index) && closing.test(line));
  return last < 0 ? undefined : { first, last };
}

function tableLine({ name, extras, constraint }: Wish): string {
  const version = constraint ?? "*";
  return extras.length > 0
    ? `${name} = {version = "${version}", extras = [${extras.map((one) => `"${one}"`).join(", ")}]}`
    : `${name} = "${version}"`;
}

/** Behind the last package of the table, or in the place of the line of that name. */
function intoTable(lines: readonly string[], { first, last }: Range, wish: Wish): string {
  const isSame = (line: string) => pipName(/^\s*"?([\w.-]+)"?\s*=/.exec(line)?.[1] ?? "") === pipName(wish.name);
  const same = lines.findIndex((line, index) => index > first && index <= last && isSame(line));
  if (same >= 0) return lines.with(same, tableLine(wish)).join("\n");
  const end = lines.findLastIndex((line, index) => index <= last && line.trim() !== "");
  return lines.toSpliced(end + 1, 0, tableLine(wish)).join("\n");
}

/** What stands before the bracket that ends a list, and what behind it: one in a text or a comment ends none. */
const closing = /^((?:[^"'#\]]|"[^"]*"|'[^']*')*)\](.*)/s;
/** A line whose last item has no comma behind it. */
const open = /^((?:[^"'#]*(?:"[^"]*"|'[^']*'))+)(\s*(?:#.*)?)$/s;

/** In the place of the item of that name, a line of its own before the end, or one more item where the end has no own line. */
function intoList(lines: readonly string[], { first, last }: Range, { name, extras, constraint }: Wish): string {
  const item = `"${name}${extras.length > 0 ? `[${extras.join(",")}]` : ""}${pep508(constraint)}"`;
  const isSame = (text: string) => pipName(/^["']([\w.-]*\w)/.exec(text)?.[1] ?? "") === pipName(name);
  const kept = [...lines];
  for (let index = first; index <= last; index += 1) {
    const line = kept[index] ?? "";
    const same = line.match(/"[^"]*"|'[^']*'|#.*/g)?.find(isSame);
    if (same) return kept.with(index, line.replace(same, item)).join("\n");
  }
  const [, before = "", behind = ""] = closing.exec(kept[last] ?? "") ?? [];
  const head = before.replace(/[\s,]+$/, "");
  if (head !== "") return kept.with(last, `${head}${head.endsWith("[") ? "" : ", "}${item}]${behind}`).join("\n");
  const end = kept.findLastIndex((line, index) => index < last && open.test(line));
  if (end >= first) kept[end] = (kept[end] ?? "").replace(open, "$1,$2");
  return kept.toSpliced(last, 0, `    ${item},`).join("\n");
}

/** A constraint of PEP 508: nothing for any version, `==` before a bare one; poetry's `^` has no equal there. */
function pep508(constraint: string | null): string {
  if (constraint === null || constraint === "*") return "";
  if (/^[\d]/.test(constraint)) return `==${constraint}`;
  if (!constraint.includes("^")) return constraint;
  throw new UserError(`"${constraint}" cannot stand in the dependencies of [project]`, {
    why: "They follow PEP 508, which knows no ^.",
    fix: 'Write both ends: i package_add "NAME@>=1.2,<2"',
  });
}
