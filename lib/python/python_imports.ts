/** An import of a Python file that runs when the file itself is imported. */
export type PythonImport = {
  readonly line: number;
  /** Dots before the name: 0 is absolute, 1 the package of the file. */
  readonly level: number;
  readonly module: readonly string[];
  /** What `from` takes out of it; null for a plain `import`. */
  readonly names: readonly string[] | null;
};

type Line = { readonly line: number; readonly indent: number; readonly text: string };

/**
 * The imports of a Python file that run when it is imported: not those in functions, behind TYPE_CHECKING or behind the check for
 * `__main__`. The text is read, never run (The Python Language Reference, "Lexical analysis" and "The import statement").
 */
export function importsOf(source: string): readonly PythonImport[] {
  const found: PythonImport[] = [];
  let blocks: readonly Block[] = [];
  // `else` of `if not TYPE_CHECKING` is for type checkers too.
  let negated = new Set<number>();
  for (const { line, indent, text } of logicalLines(source)) {
    blocks = blocks.filter((block) => block.indent < indent);
    negated = new Set([...negated].filter((one) => one <= indent));
    const header = headerOf(text);
    const isElse = header !== null && /^(else|elif)\b/.test(header.words);
    if (!isElse) negated.delete(indent);
    const isLate = header !== null && (runsLater(header.words) || (isElse && negated.has(indent)));
    if (header !== null && /^if\s+not\s+[\w.]*\bTYPE_CHECKING$/.test(header.words)) negated.add(indent);
    if (header?.suite === "") blocks = [...blocks, { indent, isLate }];
    if (isLate || blocks.some((block) => block.isLate)) continue;
    for (const statement of (header?.suite ?? text).split(";")) found.push(...importsIn(statement.trim(), line));
  }
  return found;
}

type Block = { readonly indent: number; readonly isLate: boolean };

const compound = /^(async\s+)?(def|class|if|elif|else|for|while|try|except|finally|with|match|case)\b/;

/** The head of a compound statement, and what stands behind its colon on the same line. */
function headerOf(text: string): { readonly words: string; readonly suite: string } | null {
  if (!compound.test(text)) return null;
  let depth = 0;
  for (const [at, letter] of [...text].entries()) {
    if ("([{".includes(letter)) depth += 1;
    if (")]}".includes(letter)) depth -= 1;
    if (letter !== ":" || depth > 0 || text[at + 1] === "=") continue;
    return { words: text.slice(0, at).trim(), suite: text.slice(at + 1).trim() };
  }
  return null;
}

/** Whether the block of a head does not run when the file is imported. */
function runsLater(words: string): boolean {
  if (/^(async\s+)?def\b/.test(words)) return true;
  const condition = /^(?:el)?if\b\s*\(?\s*(.*?)\s*\)?$/.exec(words)?.[1] ?? "";
  return /^(?:(?:\w+\.)*TYPE_CHECKING(?:\s+and\b.*)?|False|0|__name__\s*==\s*""|""\s*==\s*__name__)$/.test(condition);
}

function importsIn(statement: string, line: number): PythonImport[] {
  const plain = /^import\s+(.+)$/.exec(statement)?.[1];
  if (plain !== undefined)
    return namesIn(plain).map((name) => ({ line, level: 0, module: partsOf(name), names: null }));
  const [, dots = "", module = "", names = ""] =
    /^from\b\s*((?:\.\s*)*)([^()]*?)\s*\bimport\b\s*(.+)$/.exec(statement) ?? [];
  if (names === "") return [];
  const level = dots.replaceAll(/\s/g, "").length;
  return [{ line, level, module: partsOf(module), names: namesIn(names) }];
}

const partsOf = (name: string): readonly string[] =>
  name
    .replaceAll(/\s/g, "")
    .split(".")
    .filter((part) => part !== "");

/** Names that are imported, by what they are called where they come from. */
const namesIn = (text: string): readonly string[] =>
  text
    .replaceAll(/[()]/g, "")
    .split(",")
    .map((name) => name.trim().replace(/\s+as\s+.*$/, ""))
    .filter((name) => name !== "");

/** Lines joined as Python joins them, without comments; a string is `""`. */
function logicalLines(source: string): readonly Line[] {
  const text = `${source.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n")}\n`;
  const lines: Line[] = [];
  let [line, start, depth, kept] = [1, 1, 0, ""];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? "";
    if (letter === "#") at = text.indexOf("\n", at) - 1;
    else if (letter === '"' || letter === "'") {
      const end = endOfString(text, at, /(?:^|\W)(?:[ft]r?|r[ft])$/i.test(kept));
      line += text.slice(at, end).split("\n").length - 1;
      kept = `${kept.replace(/(^|\W)[a-z]{1,2}$/i, "$1")}""`;
      at = end - 1;
    } else if (letter === "\n" || (letter === "\\" && text[at + 1] === "\n")) {
      line += 1;
      if (letter === "\\") at += 1;
      if (letter === "\n" && depth === 0) {
        if (kept.trim() !== "") lines.push({ line: start, indent: indentOf(kept), text: kept.trim() });
        [start, kept] = [line, ""];
      } else kept += " ";
    } else {
      if ("([{".includes(letter)) depth += 1;
      if (")]}".includes(letter)) depth = Math.max(0, depth - 1);
      kept += letter;
    }
  }
  return lines;
}

/** Tabs go on to the next eighth column (The Python Language Reference, "Indentation"). */
function indentOf(text: string): number {
  let column = 0;
  for (const letter of /^\s*/.exec(text)?.[0] ?? "")
    column = letter === "\t" ? (Math.floor(column / 8) + 1) * 8 : column + 1;
  return column;
}

/** Where a string ends that starts here; one of one line that is not closed ends with the line. */
function endOfString(text: string, start: number, isFormat: boolean): number {
  const quote = text[start] ?? "";
  const mark = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  let at = start + mark.length;
  while (at < text.length) {
    if (text.startsWith(mark, at)) return at + mark.length;
    if (mark.length === 1 && text[at] === "\n") return at;
    if (isFormat && text[at] === "{" && text[at + 1] !== "{") at = endOfField(text, at);
    else at += text[at] === "\\" || (isFormat && text[at] === "{") ? 2 : 1;
  }
  return text.length;
}

/** Where the field of an f-string ends, which may hold strings of any quotes (PEP 701). */
function endOfField(text: string, start: number): number {
  let [at, depth] = [start, 0];
  while (at < text.length && text[at] !== "\n") {
    const letter = text[at] ?? "";
    if (letter === '"' || letter === "'") {
      at = endOfString(text, at, false);
      continue;
    }
    if (letter === "{") depth += 1;
    if (letter === "}") depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return at;
}
