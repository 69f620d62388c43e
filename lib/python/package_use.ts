import { listOf, mapOf, node, orNull, type Shape, text, whole, word } from "../text/shape.ts";
import type { Declared } from "./declared_packages.ts";
import { type Evidence, evidenceOf } from "./package_evidence.ts";
import { pipName } from "./packages.ts";

/** What the program inside the image tells: lib/doors/inside/package_use.py. Files are relative to the repo's root. */
export type Seen = {
  readonly python: string;
  readonly distributions: readonly Distribution[];
  readonly files: readonly string[];
  readonly imports: readonly (Spot & { readonly names: readonly string[] })[];
  /** Names of what is installed that stand in code or configuration, as a word of its own or before a dot. */
  readonly words: readonly (Spot & { readonly word: string })[];
  readonly markers: readonly { readonly file: string; readonly marker: string }[];
  readonly broken: readonly { readonly file: string; readonly line: number; readonly why: string }[];
};
export type Spot = { readonly file: string; readonly line: number; readonly text: string };
export type Distribution = {
  readonly name: string;
  readonly version: string;
  /** What it is imported by, as short as it is its own: `google.cloud.storage`. */
  readonly modules: readonly string[];
  readonly scripts: readonly string[];
  /** Its entry points but for scripts: group -> names. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly requires: readonly { readonly name: string; readonly extra: string | null }[];
};

const spot: Shape<Spot> = { file: text, line: whole, text };
/** How what it tells is checked: it runs among whatever the image has. */
export const seenShape: Shape<Seen> = {
  ...{ python: word, files: listOf(text) },
  distributions: listOf(
    node<Distribution>({
      ...{ name: word, version: word, modules: listOf(text), scripts: listOf(text), groups: mapOf(listOf(text)) },
      requires: listOf(node<Distribution["requires"][number]>({ name: word, extra: orNull(word) })),
    }),
  ),
  imports: listOf(node<Seen["imports"][number]>({ ...spot, names: listOf(text) })),
  words: listOf(node<Seen["words"][number]>({ ...spot, word: text })),
  markers: listOf(node<Seen["markers"][number]>({ file: text, marker: text })),
  broken: listOf(node<Seen["broken"][number]>({ file: text, line: whole, why: text })),
};

/** What counts beside the files: folders that Python imports from, and programs that Slipway itself starts. */
export type Around = { readonly roots: readonly string[]; readonly started: readonly string[] };
export type Asked = Around & {
  readonly declared: readonly Declared[];
  /** Package -> why it stays although nothing names it. */
  readonly allowed: Readonly<Record<string, string>>;
};
export type Verdict = {
  readonly name: string;
  readonly group: string;
  readonly state: "used" | "unused" | "allowed" | "unknown";
  readonly why: string;
  /** Where the first use stands. */
  readonly file: string | null;
  readonly line: number | null;
};

/** Extras that a project asks for its own development with: a package in one of them is nobody's optional backend. */
const devExtra =
  /^(dev|devel|develop\w*|tests?|testing|docs?|documentation|lint\w*|style|typing|mypy|types?|ci|cov\w*|bench\w*|build|release|check|format|qa|all|complete|full|typecheck|pre-commit|examples?)([-_].*)?$/;

/** Says of every declared package who uses it, or that nobody does. Of two answers the one that keeps a package is taken. */
export function judgePackages({ declared, allowed, ...around }: Asked, seen: Seen): Verdict[] {
  const lacking = declared.filter(({ name }) => !seen.distributions.some((one) => pipName(one.name) === name));
  const guesses = lacking.map(({ name }) => guessed(name));
  const find = evidenceOf({ ...seen, distributions: [...seen.distributions, ...guesses] }, around);
  const direct = new Map<string, Evidence>();
  for (const one of [...seen.distributions, ...guesses]) {
    const first = find(one)[0];
    if (first) direct.set(pipName(one.name), first);
  }
  return declared.map(({ name, group }): Verdict => {
    const own = seen.distributions.find((one) => pipName(one.name) === name);
    const found = direct.get(name) ?? (own ? byOthers(own, seen, direct) : undefined);
    if (found) return { name, group, state: "used", why: found.why, file: found.file, line: found.line };
    const nowhere = { file: null, line: null };
    const reason = Object.entries(allowed).find(([key]) => pipName(key) === name)?.[1];
    if (reason !== undefined) return { name, group, state: "allowed", why: reason, ...nowhere };
    if (!own) return { name, group, state: "unknown", why: "the image does not have it", ...nowhere };
    const needing = seen.distributions.find((one) => direct.has(pipName(one.name)) && brings(one, name));
    const why = needing ? `nothing names it; ${needing.name} brings it anyway` : "nothing names it";
    return { name, group, state: "unused", why, ...nowhere };
  });
}

const brings = (one: Distribution, name: string): boolean =>
  one.requires.some((required) => required.extra === null && pipName(required.name) === name);

/** A package that the image lacks, imported by its own name as most are. */
const guessed = (name: string): Distribution => {
  const modules = [name.replaceAll("-", "_"), name.replaceAll("-", ".")];
  return { name, version: "", modules: [...new Set(modules)], scripts: [name], groups: {}, requires: [] };
};

type Direct = ReadonlyMap<string, Evidence>;
type Found = Evidence | undefined;

/** What a package is used for although nothing names it: a plugin, an optional backend, or a name for others. */
function byOthers(own: Distribution, seen: Seen, direct: Direct): Found {
  return pluginOf(own, seen, direct) ?? backendOf(own, seen, direct) ?? standsFor(own, direct);
}

/** Hosts whose groups are not called after them. */
const hosts: Readonly<Record<string, string>> = { pytest11: "pytest", apache_airflow_provider: "apache-airflow" };

function pluginOf(own: Distribution, seen: Seen, direct: Direct): Found {
  for (const group of Object.keys(own.groups)) {
    const words = [hosts[group], group, ...group.split(/[._:-]/).slice(0, 1)].filter((word) => word !== undefined);
    const host = seen.distributions.find((one) => {
      const names = [pipName(one.name), ...one.modules.map((module) => module.toLowerCase())];
      return one !== own && direct.has(pipName(one.name)) && words.some((word) => names.includes(word.toLowerCase()));
    });
    const where = host ? direct.get(pipName(host.name)) : undefined;
    if (host && where) return { ...where, why: `plugin of ${host.name} (${group})` };
  }
  return undefined;
}

function backendOf(own: Distribution, seen: Seen, direct: Direct): Found {
  const name = pipName(own.name);
  for (const one of seen.distributions) {
    const where = direct.get(pipName(one.name));
    const extra = one.requires.find(
      (required) => pipName(required.name) === name && required.extra !== null && !devExtra.test(required.extra),
    )?.extra;
    if (where && extra) return { ...where, why: `optional backend of ${one.name} (extra ${extra})` };
  }
  return undefined;
}

/** A package without a module and a program of its own stands for those it requires. */
function standsFor(own: Distribution, direct: Direct): Found {
  if (own.modules.length > 0 || own.scripts.length > 0) return undefined;
  for (const { name, extra } of own.requires) {
    const where = extra === null ? direct.get(pipName(name)) : undefined;
    if (where) return { ...where, why: `brings ${name}, which is used` };
  }
  return undefined;
}

/** Every place that uses a package or a module of this name, imports first. */
export function usesOf(name: string, seen: Seen, around: Around): Evidence[] {
  const top = name.split(".")[0] ?? "";
  const known = seen.distributions.filter(
    (one) => pipName(one.name) === pipName(name) || one.modules.some((module) => module === name || module === top),
  );
  const asked = known.length > 0 ? known : [{ ...guessed(pipName(name)), modules: [name] }];
  const distributions = [...new Set([...seen.distributions, ...asked])];
  const all = asked.flatMap(evidenceOf({ ...seen, distributions }, around)).filter(({ file }) => file !== null);
  const key = ({ file, line }: Evidence) => `${file}:${line}`;
  return all.filter((one, index) => all.findIndex((other) => key(other) === key(one)) === index);
}
