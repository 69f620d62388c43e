import { UserError } from "./errors.ts";
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
  const at = lines.findIndex((line) => line.trim() === `[${section}]`);
  if (at >= 0) return intoTable(lines, at, wish);
  if (/^\s*\[tool\.poetry\]\s*$/m.test(text) && (group !== "main" || !/^\s*dependencies\s*=\s*\[/m.test(text)))
    return `${text.trimEnd()}\n\n[${section}]\n${tableLine(wish)}\n`;
  const list = group === "main" ? intoList(lines, wish) : null;
  if (list !== null) return list;
  throw new UserError(`pyproject.toml has no [${section}]`, {
    why: "A package is added to poetry's table of its group, or to the dependencies of [project].",
    fix: `Add the line [${section}] to it, then type the same command again`,
  });
}

function tableLine({ name, extras, constraint }: Wish): string {
  const version = constraint ?? "*";
  return extras.length > 0
    ? `${name} = {version = "${version}", extras = [${extras.map((one) => `"${one}"`).join(", ")}]}`
    : `${name} = "${version}"`;
}

/** Behind the last package of the table, or in the place of the line of that name. */
function intoTable(lines: readonly string[], at: number, wish: Wish): string {
  const next = lines.findIndex((line, index) => index > at && /^\s*\[/.test(line));
  const end = next < 0 ? lines.length : next;
  const same = lines.findIndex(
    (line, index) =>
      index > at && index < end && pipName(/^\s*"?([\w.-]+)"?\s*=/.exec(line)?.[1] ?? "") === pipName(wish.name),
  );
  if (same >= 0) return lines.with(same, tableLine(wish)).join("\n");
  const last = lines.findLastIndex((line, index) => index < end && line.trim() !== "");
  return lines.toSpliced(last + 1, 0, tableLine(wish)).join("\n");
}

/** A line of its own before the end of [project]'s dependencies, or one more item where they stand in one line. */
function intoList(lines: readonly string[], { name, extras, constraint }: Wish): string | null {
  const project = lines.findIndex((line) => line.trim() === "[project]");
  const start = lines.findIndex((line, index) => index > project && /^\s*dependencies\s*=\s*\[/.test(line));
  if (project < 0 || start < 0) return null;
  const item = `"${name}${extras.length > 0 ? `[${extras.join(",")}]` : ""}${pep508(constraint)}"`;
  const kept = [...lines];
  const same = kept.findIndex(
    (line, index) => index > start && pipName(/^\s*"([\w.-]*\w)/.exec(line)?.[1] ?? "") === pipName(name),
  );
  if (same >= 0) return kept.with(same, `    ${item},`).join("\n");
  const first = kept[start] ?? "";
  if (/\]\s*(#.*)?$/.test(first))
    return kept
      .with(
        start,
        first.replace(
          /\s*,?\s*\](\s*(?:#.*)?)$/,
          (_, rest: string) => `${first.includes('"') ? ", " : ""}${item}]${rest}`,
        ),
      )
      .join("\n");
  const end = kept.findIndex((line, index) => index > start && /^\s*\]/.test(line));
  const before = kept[end - 1] ?? "";
  if (end - 1 > start && !/,\s*(#.*)?$/.test(before)) kept[end - 1] = before.replace(/("\s*)(#.*)?$/, "$1,$2");
  return end < 0 ? null : kept.toSpliced(end, 0, `    ${item},`).join("\n");
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
