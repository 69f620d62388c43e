import { isNode, jsonOf } from "../text/shape.ts";
import { isVisible, withoutColours } from "../text/visible.ts";

/** How much of a failed test is run again: itself, its class, or its file. */
export const reproModes = ["tests", "classes", "files"] as const;
export type ReproMode = (typeof reproModes)[number];

/** What failed as pytest names it: `test/test_a.py::TestA::test_b[x]`, a class, or a file that could not be read. */
export type Failed = {
  readonly ids: readonly string[];
  /** How many names are none that pytest gives. */
  readonly leftOut: number;
};

/** Reads what failed from `lastfailed` of pytest's cache, or from a log, that of a CI too. */
export function failedIn(text: string): Failed {
  const json = jsonOf(text);
  const all = isNode(json) ? Object.keys(json) : namedIn(withoutColours(text));
  const ids = [...new Set(all.filter(isTest))].sort();
  return { ids, leftOut: all.filter((id) => !isTest(id)).length };
}

/** Whether a text reads as pytest's name of a test: no option, nothing that steers a terminal, on one line. */
const isTest = (id: string): boolean => /^[^\s-][^\n\t]*$/.test(id) && isVisible(id);

/** Names as pytest's summary and its verbose lines have them: `FAILED a.py::test_b - why`, `a.py::test_b FAILED [ 50%]`. */
function namedIn(log: string): readonly string[] {
  const id = String.raw`[^\s:]+\.py(?:::[^\s[]+)*(?:\[.*?\](?= |$))?`;
  const lines = new RegExp(String.raw`(?:^|\s)(?:FAILED|ERROR) (${id})|(?:^|\s)(${id}) (?:FAILED|ERROR)(?=\s|$)`, "gm");
  return [...log.replaceAll("\r", "").matchAll(lines)].map(([, summary, verbose]) => summary ?? verbose ?? "");
}

/** What is typed behind `pytest` to run it again, each once; a test without a class stands for itself. */
export function targetsOf(ids: readonly string[], mode: ReproMode): readonly string[] {
  return [...new Set(ids.flatMap((id) => targetOf(id, mode)))].sort();
}

function targetOf(id: string, mode: ReproMode): readonly string[] {
  if (mode === "tests") return [id];
  const [, plain = id] = /^([^[]*)/.exec(id) ?? [];
  const [file = "", first, ...inner] = plain.split("::");
  if (mode === "files") return [file];
  if (first === undefined) return [];
  return inner.length === 0 && plain !== id ? [id] : [[file, first].join("::")];
}

/** The part of a log in which pytest shows why tests failed; null where it has none. */
export function stacktracesIn(log: string): string | null {
  const lines = withoutColours(log).replaceAll("\r", "").split("\n");
  const parts: string[] = [];
  let isInside = false;
  for (const line of lines) {
    const [, title] = /(?:^|\s)={3,} (.*?) ={3,}$/.exec(line) ?? [];
    if (title !== undefined) isInside = title === "FAILURES" || title === "ERRORS";
    else if (isInside) parts.push(line);
  }
  return parts.length > 0 ? parts.join("\n").trim() : null;
}
