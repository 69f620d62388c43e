/** The line, from 1, of a key in a YAML text of nested block mappings; of the nearest outer key where it stands in a flow mapping. */
export function lineOfKey(text: string, path: readonly string[]): number {
  const lines = text.split("\n");
  let found = { line: 0, indent: -1 };
  for (const key of path) {
    const next = below(lines, found, key);
    if (!next) break;
    found = next;
  }
  return Math.max(found.line, 1);
}

type Spot = { readonly line: number; readonly indent: number };

/** The key among the lines that belong to the outer one: indented as the first of them, up to the first that is not deeper. */
function below(lines: readonly string[], outer: Spot, key: string): Spot | undefined {
  let own: number | undefined;
  for (const [index, content] of lines.entries()) {
    if (index < outer.line || /^\s*(#|$)/.test(content)) continue;
    const indent = content.search(/\S/);
    if (indent <= outer.indent) return undefined;
    own ??= indent;
    if (indent !== own) continue;
    const word = content.trimStart().replace(/^["']/, "");
    if (word.startsWith(key) && /^["']?\s*:/.test(word.slice(key.length))) return { line: index + 1, indent };
  }
  return undefined;
}
