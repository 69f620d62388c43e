import { posix } from "node:path";
import { importsOf, type PythonImport } from "./python_imports.ts";

export type PythonFile = { readonly path: string; readonly text: string };
/** An import from one file to another, with the line where it stands. */
export type ImportEdge = { readonly from: string; readonly line: number; readonly to: string };
/** Imports of which each starts where the one before ends, and the last leads back to the first. */
export type ImportCycle = readonly ImportEdge[];

type Graph = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * The cycles in which Python files import each other: of each import that is part of one the shortest, so that none is left out.
 * `roots` are the folders that Python imports from, the first one first.
 */
export function importCycles(files: readonly PythonFile[], roots: readonly string[]): readonly ImportCycle[] {
  const graph = withoutEnds(graphOf(files, roots));
  const covered = new Set<string>();
  const cycles: ImportCycle[] = [];
  for (const from of [...graph.keys()].sort())
    for (const [to, line] of graph.get(from) ?? []) {
      if (covered.has(`${from}\0${to}`)) continue;
      const back = shortest(graph, to, from);
      if (back === null) continue;
      const cycle = [{ from, line, to }, ...back];
      for (const edge of cycle) covered.add(`${edge.from}\0${edge.to}`);
      cycles.push(cycle);
    }
  return cycles;
}

/** Leaves out, again and again, what imports nothing of the rest or is imported by nothing of it: it is in no cycle. */
function withoutEnds(graph: Graph): Graph {
  const imported = new Set([...graph].flatMap(([from, edges]) => [...edges.keys()].filter((to) => to !== from)));
  const isInner = (file: string) => {
    const edges = graph.get(file);
    return edges !== undefined && (edges.has(file) || (imported.has(file) && edges.size > 0));
  };
  const inner = [...graph].filter(([file]) => isInner(file));
  if (inner.length === graph.size) return graph;
  return withoutEnds(new Map(inner.map(([file, edges]) => [file, new Map([...edges].filter(([to]) => isInner(to)))])));
}

/** The shortest way from one file to another; none is needed from a file to itself. */
function shortest(graph: Graph, start: string, end: string): ImportCycle | null {
  const before = new Map<string, ImportEdge | null>([[start, null]]);
  for (const file of before.keys()) {
    if (file === end) return wayTo(end, before);
    for (const [to, line] of graph.get(file) ?? []) if (!before.has(to)) before.set(to, { from: file, line, to });
  }
  return null;
}

function wayTo(end: string, before: ReadonlyMap<string, ImportEdge | null>): ImportCycle {
  const way: ImportEdge[] = [];
  for (let edge = before.get(end); edge; edge = before.get(edge.from)) way.unshift(edge);
  return way;
}

function graphOf(files: readonly PythonFile[], roots: readonly string[]): Graph {
  const paths = files.map(({ path }) => path);
  const known = { files: new Set(paths), folders: new Set(paths.flatMap(foldersOf)), roots: [...new Set(roots)] };
  return new Map(
    files.map(({ path, text }) => {
      const edges = new Map<string, number>();
      for (const one of importsOf(text))
        for (const to of targetsOf(known, path, one)) if (!edges.has(to)) edges.set(to, one.line);
      return [path, edges];
    }),
  );
}

type Known = {
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
  readonly roots: readonly string[];
};

const foldersOf = (path: string): readonly string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

/** The files that an import runs, but for packages around the importing file, which are being imported already. */
function targetsOf(known: Known, path: string, one: PythonImport): readonly string[] {
  const base = one.level === 0 ? baseOf(known, one.module) : packageAt(path, one.level);
  if (base === null) return [];
  const module = posix.join(base, ...one.module);
  const named = fileOf(known, module);
  const inner = (one.names ?? []).map((name) => fileOf(known, posix.join(module, name)));
  const isMeant = one.names === null || inner.includes(null);
  const asked = [...inner, isMeant ? named : null].flatMap((file) => file ?? []);
  const parents = one.module.map((_, index) => fileOf(known, posix.join(base, ...one.module.slice(0, index + 1))));
  const implied = parents.flatMap((file) => (file !== null && !isAround(file, path) ? [file] : []));
  // A package that names itself may mean a part of it that is no Python file.
  return [...implied, ...asked].filter((file) => file !== path || posix.basename(path) !== "__init__.py");
}

const isAround = (file: string, path: string): boolean =>
  file === path || (posix.basename(file) === "__init__.py" && path.startsWith(`${posix.dirname(file)}/`));

/** The root in which Python finds a module: a file or a package with `__init__.py` hides all others of its name, a folder does not. */
function baseOf(known: Known, module: readonly string[]): string | null {
  const [top = ""] = module;
  const regular = known.roots.find((root) => fileOf(known, posix.join(root, top)) !== null);
  if (regular !== undefined) return regular;
  const inFolder = (root: string) => posix.join(root, ...module);
  return (
    known.roots.find((root) => known.folders.has(inFolder(root)) || fileOf(known, inFolder(root)) !== null) ?? null
  );
}

/** The folder that the dots of a relative import mean; null for one outside of the repo. */
function packageAt(path: string, level: number): string | null {
  const folder = posix.join(posix.dirname(path), ...Array.from({ length: level - 1 }, () => ".."));
  return folder === ".." || folder.startsWith("../") ? null : folder;
}

const fileOf = ({ files }: Known, module: string): string | null =>
  [posix.join(module, "__init__.py"), `${module}.py`].find((path) => files.has(path)) ?? null;
