import { UserError } from "../errors.ts";
import { isNode } from "../text/shape.ts";

/** A parsed YAML file with the line of each key, so that an error can point at it. */
export type ConfigSource = {
  readonly file: string;
  readonly value: unknown;
  readonly lineOf: (path: readonly string[]) => number;
};
type Node = Readonly<Record<string, unknown>>;
type Path = readonly string[];

/**
 * What may stand at a key. The declarations beside the parsers are what the reader goes by, what editors get as a JSON schema,
 * and what the page of all keys says (design.md, "The config").
 */
export type Key = { readonly about: string } & (
  | { readonly is: "text" | "flag" | "texts" | "commands" | "anything"; readonly needed?: true }
  | { readonly is: "word"; readonly of: readonly string[] }
  | { readonly is: "words"; readonly of?: readonly string[]; readonly needed?: true }
  /** An open one may hold keys that Slipway does not know; `oneOf`: one of these keys has to be there; `orWord` may stand in its place. */
  | {
      readonly is: "section";
      readonly keys: Keys;
      readonly open?: true;
      readonly needed?: true;
      readonly oneOf?: readonly string[];
      readonly orWord?: string;
    }
  /** A section whose keys are names of the repo's own. */
  | { readonly is: "named"; readonly each: Key }
  /** The same, each a text where the name is a kind's, or a section. */
  | { readonly is: "registries"; readonly keys: Keys; readonly kinds: readonly string[] }
);
export type Keys = Readonly<Record<string, Key>>;

/** What is read at keys: `undefined` where one is absent or empty. */
export type Values<K extends Keys> = string extends keyof K
  ? Readonly<Record<string, unknown>>
  : { readonly [N in keyof K]: Value<K[N]> | undefined };
type Value<K> = K extends { readonly is: "text" }
  ? string
  : K extends { readonly is: "flag" }
    ? boolean
    : K extends { readonly is: "texts" }
      ? Readonly<Record<string, string>>
      : K extends { readonly is: "words"; readonly of: readonly (infer W)[] }
        ? readonly W[]
        : K extends { readonly is: "words" }
          ? readonly string[]
          : K extends { readonly is: "word"; readonly of: readonly (infer W)[] }
            ? W
            : K extends { readonly is: "section"; readonly keys: infer S extends Keys }
              ? Values<S>
              : K extends { readonly is: "named"; readonly each: infer E }
                ? Readonly<Record<string, Value<E> | undefined>>
                : unknown;

/** Typed access to a config file; every error names file, line and key. */
export type ConfigReader = {
  readonly fail: (path: Path, what: string, fix: string) => never;
  readonly at: (path: Path) => unknown;
  readonly node: (path: Path) => Node;
  readonly text: (path: Path) => string | undefined;
  /** All values of a section; a key that is not declared is an error, unless it is open. */
  readonly section: <const K extends Keys>(path: Path, keys: K, how?: { readonly open?: true }) => Values<K>;
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
  return { fail, at, node, text, ...checked({ fail, at, node, text, words }, source) };
}

function wrongKey(source: ConfigSource, path: Path, { what, fix }: { what: string; fix: string }): UserError {
  const key = path.length > 0 ? `${path.join(".")} ` : "";
  return new UserError(`${source.file}:${source.lineOf(path)} ${key}${what}`, {
    why: "The config decides what is built, run and released, so each key must be one that is known and of its type.",
    fix,
    kind: "config",
  });
}

type Basics = Pick<ConfigReader, "fail" | "at" | "node" | "text"> & {
  readonly words: (path: Path) => readonly string[] | undefined;
};

function checked(basics: Basics, source: ConfigSource): Pick<ConfigReader, "section" | "foreignSections"> {
  const { fail, node } = basics;
  return {
    // Each value is what `valueAt` gives for its key, which the compiler cannot follow through the entries.
    section: (path, keys, { open } = {}) => sectionAt(basics, path, { keys, open }) as Values<typeof keys>,
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

function onlyKeys({ fail, node }: Basics, path: Path, allowed: readonly string[]): void {
  for (const key of Object.keys(node(path)))
    if (!allowed.includes(key))
      fail(
        [...path, key],
        "is not a known key",
        didYouMean(key, allowed, (one) => `"${one}"`) ?? `Known are ${allowed.join(", ")}`,
      );
}

type Section = { readonly keys: Keys; readonly open?: true | undefined };

function sectionAt(read: Basics, path: Path, { keys, open }: Section): Readonly<Record<string, unknown>> {
  if (open) read.node(path);
  else onlyKeys(read, path, Object.keys(keys));
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, valueAt(read, [...path, name], key)]));
}

/** The value at a key as it is declared; a wrong type is an error. */
function valueAt(read: Basics, path: Path, key: Key): unknown {
  const value = read.at(path);
  if (value === undefined) return undefined;
  const at = (name: string): Path => [...path, name];
  const each = (of: (name: string) => unknown) =>
    Object.fromEntries(Object.keys(read.node(path)).map((name) => [name, of(name)]));
  switch (key.is) {
    case "text":
      return read.text(path);
    case "flag":
      return flag(read, path, value);
    case "texts":
      return each((name) => read.text(at(name)) ?? "");
    case "word":
      return word(read, path, key.of);
    case "words":
      return wordsOf(read, path, key.of);
    case "named":
      return each((name) => valueAt(read, at(name), key.each));
    case "section":
      return value === key.orWord ? undefined : sectionAt(read, path, key);
    default:
      return value;
  }
}

function flag({ fail }: Basics, path: Path, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  return value === 1 || value === 0
    ? value === 1
    : fail(path, `is "${value}", not true or false`, "Write true or false");
}

function word({ text, fail }: Basics, path: Path, allowed: readonly string[]): string {
  const typed = text(path);
  return allowed.find((one) => one === typed) ?? fail(path, `is "${typed}"`, `Use one of: ${allowed.join(", ")}`);
}

function wordsOf({ words, fail }: Basics, path: Path, allowed: readonly string[] | undefined) {
  const typed = words(path);
  const other = allowed === undefined ? undefined : typed?.find((one) => !allowed.includes(one));
  return other === undefined ? typed : fail(path, `names "${other}"`, `Use: ${allowed?.join(", ")}`);
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
