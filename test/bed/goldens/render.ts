/** How wide a line of a golden may get before it is broken, where it can be. */
const width = 140;

/**
 * Renders a value as JSON in which a reviewer finds things: what fits stands in one line, such as most actions; in a longer
 * command each option begins a line; a text of several lines is the list of them, and one that is JSON is shown as such.
 */
export const render = (value: unknown): string => `${rendered(opened(value), "")}\n`;

/** The same value with its long texts taken apart; put together, the lines of one are the text. */
function opened(value: unknown): unknown {
  if (typeof value === "string") return openedText(value);
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, opened(one)]));
}

function openedText(text: string): unknown {
  if (!text.slice(0, -1).includes("\n")) return text;
  if (!text.startsWith("{\n")) return text.split(/(?<=\n)/);
  const value: unknown = JSON.parse(text);
  return `${JSON.stringify(value, null, 2)}\n` === text ? { "as JSON": value } : text.split(/(?<=\n)/);
}

function rendered(value: unknown, indent: string): string {
  const flat = flattened(value);
  if (flat !== null && indent.length + flat.length <= width) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const isWords = typeof value[0] === "string" && !isText(value);
    return broken("[]", isWords ? filled(value, inner) : value.map((one) => inner + rendered(one, inner)), indent);
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, one]) => `${inner}${JSON.stringify(name)}: ${rendered(one, inner)}`);
  return broken("{}", fields, indent);
}

const broken = ([open, close]: string, lines: readonly string[], indent: string): string =>
  `${open}\n${lines.join(",\n")}\n${indent}${close}`;

/** Whether a list is the lines of one text. */
const isText = (list: readonly unknown[]): boolean =>
  list.length > 1 && typeof list[0] === "string" && list[0].endsWith("\n");

/** A value in one line; null where the lines of a text are in it. */
function flattened(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value) && isText(value)) return null;
  const parts = Object.entries(value).map(([name, one]) => {
    const flat = flattened(one);
    return flat === null || Array.isArray(value) ? flat : `${JSON.stringify(name)}: ${flat}`;
  });
  if (parts.includes(null)) return null;
  if (Array.isArray(value)) return `[${parts.join(", ")}]`;
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

/** Words in as few lines as hold them, but an option begins a line; a word may be a digest that is known later. */
function filled(words: readonly unknown[], indent: string): readonly string[] {
  const lines: string[] = [];
  for (const word of words.map((one) => rendered(one, indent))) {
    const last = lines.at(-1);
    const fits = last !== undefined && !word.startsWith('"-') && last.length + word.length + 2 <= width;
    if (fits) lines[lines.length - 1] = `${last}, ${word}`;
    else lines.push(indent + word);
  }
  return lines;
}
