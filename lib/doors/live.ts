import { cutTo, widthOf } from "../text/columns.ts";

const { stderr } = process;

/** The lines that stand below all other text of the terminal now, and those that are to stand there. */
let drawn: readonly string[] = [];
let wanted: readonly string[] = [];
let holders = 0;

/** Columns of the terminal that stderr is; 80 where it does not tell. */
export const columns = (): number => stderr.columns || 80;

/** How many lines may change at its end, with one of what was said left to see. */
export const mostLines = (): number => Math.max(1, (stderr.rows || 24) - 2);

/** Has these lines stand below all other text, in the place of those before; an empty list takes them away. */
export function draw(lines: readonly string[]): void {
  wanted = lines;
  if (holders === 0) put(lines);
}

/** Writes text that stays, above the lines that change. */
export function writeAbove(text: string): void {
  stderr.write(drawn.length === 0 ? text : `${erased()}${text}${drawn.map((line) => `${line}\n`).join("")}`);
}

/** Does something that has the end of the terminal for itself, as a question. */
export async function withoutLines<T>(work: () => Promise<T>): Promise<T> {
  holders += 1;
  put([]);
  try {
    return await work();
  } finally {
    holders -= 1;
    draw(wanted);
  }
}

/**
 * Lines are cut to the terminal's width; only what differs is written, and all of it at once, so that nothing flickers
 * (ECMA-48, 8.3: CPL, EL).
 */
function put(lines: readonly string[]): void {
  const next = lines.map((line) => cutTo(line, columns() - 1));
  if (next.length === drawn.length && next.every((line, at) => line === drawn[at])) return;
  const text =
    next.length === drawn.length
      ? `${up()}${next.map((line, at) => (line === drawn[at] ? "\n" : `${line}\u001b[K\n`)).join("")}`
      : `${erased()}${next.map((line) => `${line}\n`).join("")}`;
  stderr.write(text);
  drawn = next;
}

/** Rows that the lines take; a terminal that became narrower has broken them. */
const rows = (): number => drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns())), 0);

const up = (): string => (rows() === 0 ? "" : `\u001b[${rows()}F`);

/** Takes each line away by itself: a terminal that is told to clear all of its screen keeps what was there as history. */
const erased = (): string => `${up()}${"\u001b[K\n".repeat(rows())}${up()}`;
