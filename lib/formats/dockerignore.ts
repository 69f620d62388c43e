import { posix } from "node:path";

/** Which files of a context are sent to the builder. */
export type IgnoreFile = {
  readonly ignores: (path: string) => boolean;
  /** Whether anything below a folder may be sent. */
  readonly enters: (folder: string) => boolean;
};

type Pattern = { readonly isException: boolean; readonly text: string; readonly matches: (path: string) => boolean };
/** What came of a path: whether it is ignored, and which patterns matched it or a folder above it. */
type Verdict = { readonly ignored: boolean; readonly matched: readonly boolean[] };

/**
 * An ignore file as BuildKit reads it (github.com/moby/patternmatcher, and the filter of github.com/tonistiigi/fsutil). A
 * table holds it against the builder: test/bed/ignore_files.ts.
 */
export function parseIgnoreFile(text: string): IgnoreFile {
  const patterns = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .flatMap(patternOf);
  const exceptions = patterns.filter(({ isException }) => isException).map((one) => withoutTrailingGlob(one.text));
  const areFixed = !exceptions.some((exception) => /[*[\]?^\\]/.test(exception));
  const folders = new Map<string, Verdict>([[".", { ignored: false, matched: patterns.map(() => false) }]]);
  const folder = (path: string): Verdict => {
    const verdict = folders.get(path) ?? judge(patterns, path, folder(posix.dirname(path)));
    folders.set(path, verdict);
    return verdict;
  };
  return {
    ignores: (path) => judge(patterns, path, folder(posix.dirname(path))).ignored,
    enters: (path) =>
      !folder(path).ignored || !areFixed || exceptions.some((exception) => `${exception}/`.startsWith(`${path}/`)),
  };
}

/** A pattern is not looked at where it could change nothing, and then counts as no match for what lies below. */
function judge(patterns: readonly Pattern[], path: string, above: Verdict): Verdict {
  let ignored = false;
  const matched = patterns.map((pattern, index) => {
    const isMatch = above.matched[index] === true || (pattern.isException === ignored && pattern.matches(path));
    if (isMatch) ignored = !pattern.isException;
    return isMatch;
  });
  return { ignored, matched };
}

function patternOf(line: string): Pattern[] {
  if (line.startsWith("#")) return [];
  const trimmed = line.trim();
  const isException = trimmed.startsWith("!");
  const text = cleaned(isException ? trimmed.slice(1).trim() : trimmed);
  return text === "" ? [] : [{ isException, text, matches: matcherOf(text) }];
}

/** Go's filepath.Clean, and without the slash that starts it. */
function cleaned(text: string): string {
  if (text === "") return "";
  const clean = posix.normalize(text).replace(/(?<=.)\/$/, "");
  return clean.length > 1 ? clean.replace(/^\//, "") : clean;
}

const withoutTrailingGlob = (text: string): string => text.replace(/\/\*\*?$/, "");

/** Without wildcards a pattern is the path itself; with `**` at one end alone it is the beginning or the end of one. */
function matcherOf(text: string): (path: string) => boolean {
  if (!/[*?[\]\\]/.test(text)) return (path) => path === text;
  if (/^[^*?[\]\\]+\*\*$/.test(text)) return (path) => path.startsWith(text.slice(0, -2));
  const end = /^\*\*([^*?[\]\\]*)$/.exec(text)?.[1];
  if (end !== undefined) return (path) => path.endsWith(end) || path === end.replace(/^\//, "");
  const expression = expressionOf(text);
  return (path) => expression?.test(path) === true;
}

/** `*` and `?` stop at a slash, `**` does not; null for what the builder refuses. */
function expressionOf(text: string): RegExp | null {
  let inClass = false;
  const parts = [...text.matchAll(/\*\*\/?|\\.?|./gsu)].map(({ 0: part, index }) => {
    if (part.startsWith("**")) return index + part.length === text.length ? ".*" : "(?:.*/)?";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (/^\\[dDwWsSbB]$/.test(part)) return part;
    if (part === "[" || part === "]") {
      const isPlain = inClass === (part === "[");
      if (!isPlain) inClass = part === "[";
      return isPlain ? `\\${part}` : part;
    }
    const letter = part.replace(/^\\(?=.)/su, "");
    const isSyntax = letter !== part || !/[\^-]/.test(letter);
    return isSyntax && /[\^$\\.*+?()[\]{}|/-]/.test(letter) ? `\\u{${letter.codePointAt(0)?.toString(16)}}` : letter;
  });
  try {
    return new RegExp(`^${parts.join("")}$`, "u");
  } catch {
    return null;
  }
}
