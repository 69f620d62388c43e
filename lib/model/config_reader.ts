import { UserError } from "./errors.ts";
import { isNode } from "./shape.ts";

/** A parsed YAML file with the line of each key, so that an error can point at it. */
export type ConfigSource = {
  readonly file: string;
  readonly value: unknown;
  readonly lineOf: (path: readonly string[]) => number;
};
type Node = Readonly<Record<string, unknown>>;
type Path = readonly string[];

/** Typed access to a config file; every error names file, line and key. */
export type ConfigReader = {
  readonly fail: (path: Path, what: string, fix: string) => never;
  readonly at: (path: Path) => unknown;
  readonly node: (path: Path) => Node;
  readonly text: (path: Path) => string | undefined;
  readonly flag: (path: Path, fallback: boolean) => boolean;
  readonly words: (path: Path) => readonly string[] | undefined;
  readonly texts: (path: Path) => Readonly<Record<string, string>>;
  readonly oneOf: <const T extends string>(path: Path, allowed: readonly T[]) => T | undefined;
  readonly onlyKeys: (path: Path, allowed: readonly string[]) => void;
  /** The sections that nobody here knows, each with its place; one that looks like a slip of a known one is an error. */
  readonly foreignSections: (known: readonly string[]) => readonly string[];
};

/** Reads values out of a parsed config; an absent or empty key is `undefined`, a wrong type is an error. */
export function configReader(source: ConfigSource): ConfigReader {
  const fail = (path: Path, what: string, fix: string): never => {
    throw wrongKey(source, path, { what, fix });
  };
  const at = (path: Path): unknown =>
    path.reduce<unknown>((value, key) => (isNode(value) ? value[key] : undefined), source.value) ?? undefined;
  const node = (path: Path): Node => {
    const value = at(path) ?? {};
    return isNode(value)
      ? value
      : fail(path, "is not a section", `Write it as "${path.at(-1) ?? "docker_info"}:" with keys below it`);
  };
  const text = (path: Path): string | undefined => {
    const value = at(path);
    if (value === undefined || typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return fail(path, "is not a text", "Give one value, in quotes if it holds special characters");
  };
  const words = (path: Path): readonly string[] | undefined => {
    const value = at(path);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return fail(path, "is not a list", `Write it as ${path.at(-1)}: [a, b]`);
    return value.map((word) =>
      ["string", "number"].includes(typeof word)
        ? String(word)
        : fail(path, "has an item that is not a text", "Put it in quotes"),
    );
  };
  return { fail, at, node, text, words, ...checked({ fail, at, node, text }, source) };
}

function wrongKey(source: ConfigSource, path: Path, { what, fix }: { what: string; fix: string }): UserError {
  const key = path.length > 0 ? `${path.join(".")} ` : "";
  return new UserError(`${source.file}:${source.lineOf(path)} ${key}${what}`, {
    why: "The config decides what is built, run and released, so each key must be one that is known and of its type.",
    fix,
    kind: "config",
  });
}

type Basics = Pick<ConfigReader, "fail" | "at" | "node" | "text">;

type Checked = Pick<ConfigReader, "flag" | "texts" | "oneOf" | "onlyKeys" | "foreignSections">;

function checked({ fail, at, node, text }: Basics, source: ConfigSource): Checked {
  return {
    flag(path, fallback) {
      const value = at(path);
      if (value === undefined) return fallback;
      if (typeof value === "boolean") return value;
      return value === 1 || value === 0
        ? value === 1
        : fail(path, `is "${value}", not true or false`, "Write true or false");
    },
    texts: (path) => Object.fromEntries(Object.keys(node(path)).map((key) => [key, text([...path, key]) ?? ""])),
    oneOf(path, allowed) {
      const value = text(path);
      if (value === undefined) return undefined;
      return allowed.find((word) => word === value) ?? fail(path, `is "${value}"`, `Use one of: ${allowed.join(", ")}`);
    },
    onlyKeys(path, allowed) {
      for (const key of Object.keys(node(path)))
        if (!allowed.includes(key))
          fail(
            [...path, key],
            "is not a known key",
            didYouMean(key, allowed, (one) => `"${one}"`) ?? `Known are ${allowed.join(", ")}`,
          );
    },
    foreignSections(known) {
      const foreign = Object.keys(node([])).filter((key) => !known.includes(key));
      for (const key of foreign) {
        const meant = nearest(key, known);
        if (meant !== null && isSlip(key, meant)) fail([key], "is not a known key", `Did you mean "${meant}"?`);
      }
      return foreign.map((key) => `${source.file}:${source.lineOf([key])} ${JSON.stringify(key)}`);
    },
  };
}

/** The word of the list that was meant: it begins with the given one, holds it, or is a few edits away; null where none is. */
export function nearest(word: string, words: readonly string[]): string | null {
  const [best] = words
    .map((one) => ({ one, far: farness(word, one) }))
    .filter(({ far }) => far <= 1 + word.length / 3)
    .sort((a, b) => a.far - b.far);
  return best?.one ?? null;
}

/** As thin_client/awk/nearest.awk has it. */
function farness(word: string, one: string): number {
  const far = distance(word, one);
  if (one.startsWith(word)) return Math.min(1, far);
  return word.length > 2 && one.includes(word) ? Math.min(2, far) : far;
}

/** The question after a wrong word, with the one that was meant as it is typed; null where none is near. */
export function didYouMean(word: string, words: readonly string[], typed: (one: string) => string): string | null {
  const meant = nearest(word, words);
  return meant === null ? null : `Did you mean ${typed(meant)}?`;
}

/** One or two letters of a word: what a slip of the fingers changes. */
const isSlip = (word: string, meant: string): boolean => distance(word, meant) <= Math.min(2, meant.length / 3);

function distance(a: string, b: string): number {
  let row = [...Array(b.length + 1).keys()];
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
