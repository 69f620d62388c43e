import { isNode, type Node } from "../text/shape.ts";
import { pipName } from "./packages.ts";

/** A Python package as a repo asks for it (PEP 508). */
export type PythonNeed = {
  readonly name: string;
  readonly extras: readonly string[];
  readonly constraint: string;
  readonly marker: string | null;
  readonly group: "main" | "dev";
};

export type PythonNeeds = {
  readonly taken: readonly PythonNeed[];
  /** `requirements.txt: -r other.txt`: what is asked for in a way that a lock is not made from. */
  readonly left: readonly string[];
};

/** What says which packages a dir needs: texts of files, and pyproject.toml as it was parsed. */
export type NeedSources = {
  readonly requirements: string | null;
  readonly devRequirements: string | null;
  readonly setupPy: string | null;
  readonly setupCfg: string | null;
  readonly pyproject: unknown;
};

/** The packages that requirements.txt, setup.py, setup.cfg and pyproject.toml name; of a package that several name, the first's. */
export function pythonNeeds(sources: NeedSources): PythonNeeds {
  const all = [
    ...linesOf("requirements.txt", sources.requirements, "main"),
    ...linesOf("requirements-dev.txt", sources.devRequirements, "dev"),
    ...fromPyproject(sources.pyproject),
    ...fromSetupCfg(sources.setupCfg ?? ""),
    ...fromSetupPy(sources.setupPy ?? ""),
  ];
  const taken = all.flatMap((one) => (typeof one === "string" ? [] : [one]));
  const isFirst = (need: PythonNeed) => taken.find(({ name }) => pipName(name) === pipName(need.name)) === need;
  return { taken: taken.filter(isFirst), left: all.filter((one) => typeof one === "string") };
}

type Read = PythonNeed | string;

/** The lines of a file that pip reads (pip, "Requirements File Format"). */
function linesOf(file: string, text: string | null, group: PythonNeed["group"]): Read[] {
  return (text ?? "")
    .replaceAll(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "")
    .map((line) => parseNeed(line.replace(/\s--hash[= ].*$/, ""), group) ?? `${file}: ${line}`);
}

/** A line of PEP 508 without an address; null for anything else. */
function parseNeed(line: string, group: PythonNeed["group"]): PythonNeed | null {
  const [head = "", ...markers] = line.split(";");
  const [, name, extras = "", rest = ""] =
    /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[([\w., -]*)\])?\s*(.*)$/.exec(head.trim()) ?? [];
  const parts = rest
    .replace(/^\((.*)\)$/, "$1")
    .split(",")
    .map((part) => part.replaceAll(/\s/g, ""));
  const isConstraint = parts.every((part) => /^(?:[<>!~=]=|[<>])[\w.*+!-]+$/.test(part));
  if (name === undefined || !(isConstraint || rest === "")) return null;
  return {
    ...{ name, group, constraint: rest === "" ? "*" : parts.join(",") },
    extras: extras.split(",").flatMap((one) => one.trim() || []),
    marker: markers.length === 0 ? null : markers.join(";").trim(),
  };
}

const under = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((inner, key) => (isNode(inner) ? inner[key] : undefined), value);

function fromPyproject(value: unknown): Read[] {
  const poetry = under(value, "tool", "poetry");
  return [
    ...fromList(under(value, "project", "dependencies"), "main"),
    ...fromTable(under(poetry, "dependencies"), "main"),
    ...fromTable(under(poetry, "group", "dev", "dependencies"), "dev"),
    ...fromTable(under(poetry, "dev-dependencies"), "dev"),
    ...fromList(under(value, "dependency-groups", "dev"), "dev"),
  ];
}

const fromList = (list: unknown, group: PythonNeed["group"]): Read[] =>
  (Array.isArray(list) ? list : []).map((line: unknown) => {
    const need = typeof line === "string" ? parseNeed(line, group) : null;
    return need ?? `pyproject.toml: ${typeof line === "string" ? line : JSON.stringify(line)}`;
  });

/** A table of poetry's: name = "constraint", or more in a table of its own. */
function fromTable(table: unknown, group: PythonNeed["group"]): Read[] {
  return Object.entries(isNode(table) ? table : {}).flatMap(([name, wish]): Read[] => {
    if (name === "python") return [];
    const more: Node = isNode(wish) ? wish : { version: wish };
    const { version, extras = [], markers = null, optional: _, ...others } = more;
    const isPlain = typeof version === "string" && Array.isArray(extras) && Object.keys(others).length === 0;
    if (!isPlain || !(markers === null || typeof markers === "string")) return [`pyproject.toml: ${name}`];
    return [{ name, group, constraint: version, extras: extras.map(String), marker: markers }];
  });
}

/** The lines below `install_requires =` of setup.cfg, which are indented. */
function fromSetupCfg(text: string): Read[] {
  const [, first = "", more = ""] =
    /^install_requires[ \t]*=[ \t]*(.*)\n((?:[ \t]+.*\n?|\n)*)/m.exec(`${text}\n`) ?? [];
  return linesOf("setup.cfg", `${first}\n${more}`, "main");
}

/** The texts of the list `install_requires=[...]` of setup.py, which is read and never run. */
function fromSetupPy(text: string): Read[] {
  const start = /\binstall_requires\s*=\s*/.exec(text);
  if (!start) return [];
  const token = /[\s,]+|#[^\n]*|"([^"\\\n]*)"|'([^'\\\n]*)'|\]/y;
  const found: Read[] = [];
  token.lastIndex = start.index + start[0].length + 1;
  if (text[token.lastIndex - 1] !== "[") return ["setup.py: install_requires"];
  for (let part = token.exec(text); part !== null; part = token.exec(text)) {
    if (part[0] === "]") return found;
    const line = part[1] ?? part[2];
    if (line !== undefined) found.push(parseNeed(line, "main") ?? `setup.py: ${line}`);
  }
  return ["setup.py: install_requires"];
}

/** The line of a package in poetry's table. */
export function poetryLine({ name, extras, constraint, marker }: PythonNeed): string {
  const text = (value: string) => JSON.stringify(value);
  if (extras.length === 0 && marker === null) return `${name} = ${text(constraint)}`;
  const parts = [
    `version = ${text(constraint)}`,
    ...(extras.length > 0 ? [`extras = [${extras.map(text).join(", ")}]`] : []),
    ...(marker === null ? [] : [`markers = ${text(marker)}`]),
  ];
  return `${name} = {${parts.join(", ")}}`;
}
