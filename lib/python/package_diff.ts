import { compareInEcosystem, type Ecosystem, ecosystems } from "./package_versions.ts";
import type { Package } from "./packages.ts";

/** What became of one package: `changed` where its ecosystem's rules know no order of the two versions. */
export type Change = {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly change: "added" | "removed" | "up" | "down" | "changed";
  readonly from: string | null;
  readonly to: string | null;
  readonly place: string;
};

/**
 * What differs between two images' packages. Copies of a name are matched by their place first, then by version, then in
 * order, so that a moved venv is no change and each copy is told of once.
 */
export function packageChanges(before: readonly Package[], after: readonly Package[]): Change[] {
  const keys = [...new Set([...before, ...after].map(({ ecosystem, name }) => `${ecosystem} ${name}`))];
  const [left, right] = [grouped(before), grouped(after)];
  const order = (change: Change) => `${ecosystems.indexOf(change.ecosystem)} ${change.name} ${change.place}`;
  return keys
    .flatMap((key) => compareCopies(left.get(key) ?? [], right.get(key) ?? []))
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function grouped(packages: readonly Package[]): Map<string, Package[]> {
  const groups = new Map<string, Package[]>();
  for (const one of packages) {
    const key = `${one.ecosystem} ${one.name}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}

type Pair = readonly [Package, Package];

function compareCopies(before: readonly Package[], after: readonly Package[]): Change[] {
  const state = { before: [...before].sort(byVersion), after: [...after].sort(byVersion), pairs: [] as Pair[] };
  pair(state, (a, b) => a.place === b.place && a.version === b.version);
  pair(state, (a, b) => a.place === b.place);
  pair(state, (a, b) => a.version === b.version);
  pair(state, () => true);
  return [
    ...state.pairs.flatMap(([a, b]) => changeOf(a, b)),
    ...state.before.map((one) => ({ ...told(one), change: "removed" as const, from: one.version, to: null })),
    ...state.after.map((one) => ({ ...told(one), change: "added" as const, from: null, to: one.version })),
  ];
}

/** Takes every two that fit out of both lists. */
function pair(
  state: { before: Package[]; after: Package[]; pairs: Pair[] },
  fits: (a: Package, b: Package) => boolean,
): void {
  state.before = state.before.filter((one) => {
    const at = state.after.findIndex((other) => fits(one, other));
    const other = at < 0 ? undefined : state.after.splice(at, 1)[0];
    if (other) state.pairs.push([one, other]);
    return !other;
  });
}

const told = ({ ecosystem, name, place }: Package) => ({ ecosystem, name, place });
const byVersion = (a: Package, b: Package): number => compareInEcosystem(a.ecosystem, a.version, b.version) ?? 0;

function changeOf(a: Package, b: Package): Change[] {
  const order = compareInEcosystem(a.ecosystem, a.version, b.version);
  if (order === 0) return [];
  const change = order === null ? "changed" : order < 0 ? "up" : "down";
  return [{ ...told(b), change, from: a.version, to: b.version }];
}

/** `2 up, 1 added` */
export const countChanges = (changes: readonly Change[]): string => {
  const words = (["added", "removed", "up", "down", "changed"] as const).flatMap((kind) => {
    const count = changes.filter(({ change }) => change === kind).length;
    return count > 0 ? [`${count} ${kind}`] : [];
  });
  return words.join(", ");
};

/** A table for a person: one line a change, the place where a name stands twice, and the counts at the end. */
export function renderChanges(changes: readonly Change[], names: readonly [string, string]): string {
  const head = `${names[0]} -> ${names[1]}`;
  if (changes.length === 0) return `${head}: the same packages`;
  const twice = (one: Pick<Change, "ecosystem" | "name">) =>
    changes.filter(({ ecosystem, name }) => ecosystem === one.ecosystem && name === one.name).length > 1;
  const rows = changes.map((one) => ({ ...one, from: one.from ?? "-", to: one.to ?? "-" }));
  const width = (column: "name" | "from" | "to") => Math.max(...rows.map((row) => row[column].length));
  const [named, froms, tos] = [width("name"), width("from"), width("to")];
  const lines = rows.map((one) =>
    [
      one.ecosystem.padEnd(4),
      one.name.padEnd(named),
      one.change.padEnd(7),
      one.from.padEnd(froms),
      "->",
      one.to.padEnd(tos),
      twice(one) ? one.place : "",
    ]
      .join(" ")
      .trimEnd(),
  );
  return [head, ...lines, countChanges(changes)].join("\n");
}
