/**
 * What steers a terminal or turns the order of a line round instead of being read: control characters but tab and line end,
 * line separators, what has no width, and the marks of direction (Unicode Standard Annex 9, 2, "Directional Formatting
 * Characters").
 */
const steering = /[^\P{Cc}\t\n]|[\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff]/gu;

const steers = new RegExp(steering.source, "u");

/** Whether a text has nothing in it that steers. */
export const isVisible = (text: string): boolean => !steers.test(text);

const written = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Text with what would steer a terminal or a page shown as `\u001b`, which is also how JSON writes it: JSON stays the same
 * value. A line end of Windows is a line end.
 */
export const visible = (text: string): string => text.replaceAll("\r\n", "\n").replaceAll(steering, written);

/** Text without the colours that a program gave it (ECMA-48, 8.3.117, "SGR"). */
export const withoutColours = (text: string): string => text.replaceAll(/\p{Cc}\[[\d;:]*m/gu, "");

/** What a program printed last, as one line that a terminal shows; a progress bar writes one over the other with CR. */
export const lastLine = (text: string): string =>
  withoutColours(text)
    .split(/[\r\n]/)
    .findLast((line) => line.trim() !== "")
    ?.trimEnd()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ") ?? "";

/** A text of others as a field of a line: on one line, no longer than so many characters, nothing hidden. */
export const oneLine = (text: string, most = 300): string =>
  visible(text.replaceAll(/ *[\t\n\v\f\r\u0085\u2028\u2029]\s*/g, " ")).slice(0, most);

/** Words of a program as a sentence; they may end with a question. */
export const sentence = (words: string): string => (/[.?!]$/.test(words) ? words : `${words}.`);

/**
 * Text as it may stand in a log of CI: what is printed there is also read for commands, `::set-env` at the start of a line
 * (GitHub Actions, "Workflow commands") and `##vso[` (Azure Pipelines, "Logging commands") anywhere.
 */
export const withoutCommands = (text: string): string =>
  text.replaceAll(/^(\s*):(?=:)/gm, "$1\\u003a").replaceAll(/##(?=\w*\[)/g, "#\\u0023");

/** Text as a block of code in Markdown; its fence is longer than any within (CommonMark 0.31.2, 4.5). */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${visible(text)}\n${fence}`;
}
