import { pipName } from "./packages.ts";

/** A package that pyproject.toml asks for, with the group it stands in. */
export type Declared = { readonly name: string; readonly group: string; readonly constraint: string | null };

type Table = Readonly<Record<string, unknown>>;
const table = (value: unknown): Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : {};
const at = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((inner, key) => table(inner)[key], value);

/**
 * The packages of a parsed pyproject.toml: poetry's tables and groups, PEP 621 with its optional ones, the groups of
 * PEP 735, uv's and pdm's development lists. `python` is no package; a name in two groups is told of once.
 */
export function declaredPackages(pyproject: unknown): Declared[] {
  const poetry = at(pyproject, "tool", "poetry");
  const all = [
    ...fromTable(at(poetry, "dependencies"), "main"),
    ...fromTable(at(poetry, "dev-dependencies"), "dev"),
    ...Object.entries(table(at(poetry, "group"))).flatMap(([name, group]) =>
      fromTable(at(group, "dependencies"), name),
    ),
    ...fromList(at(pyproject, "project", "dependencies"), "main"),
    ...fromLists(at(pyproject, "project", "optional-dependencies")),
    ...fromLists(at(pyproject, "dependency-groups")),
    ...fromList(at(pyproject, "tool", "uv", "dev-dependencies"), "dev"),
    ...fromLists(at(pyproject, "tool", "pdm", "dev-dependencies")),
  ];
  const own = pipName(String(at(pyproject, "project", "name") ?? at(poetry, "name") ?? ""));
  return all.filter(
    ({ name }, index) => name !== "python" && name !== own && all.findIndex((other) => other.name === name) === index,
  );
}

function fromTable(value: unknown, group: string): Declared[] {
  return Object.entries(table(value)).map(([name, wish]) => {
    const version = typeof wish === "string" ? wish : table(wish)["version"];
    return { name: pipName(name), group, constraint: typeof version === "string" ? version : null };
  });
}

const fromLists = (value: unknown): Declared[] =>
  Object.entries(table(value)).flatMap(([group, list]) => fromList(list, group));

/** PEP 508 lines: `uvicorn[standard] >= 0.20; python_version > "3.8"`; what includes another group is no line. */
function fromList(value: unknown, group: string): Declared[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((line: unknown) => {
    const [, name, rest = ""] =
      /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([^;@]*)/.exec(typeof line === "string" ? line : "") ?? [];
    const constraint = rest.replaceAll(/[()\s]/g, "");
    return name ? [{ name: pipName(name.replace(/[-_.]+$/, "")), group, constraint: constraint || null }] : [];
  });
}
