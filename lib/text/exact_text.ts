/** UTF-8 as the Unicode standard has it, table 3-7, in text that stands for bytes. */
const valid =
  /(?:[\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+|[\x80-\xff]/g;

/** Bytes as text; each byte that is no UTF-8 is a lone surrogate, as in PEP 383, so that it can be written back as it was. */
export function decodeExact(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (!text.includes("\uFFFD") || Buffer.from(text).equals(bytes)) return text;
  return bytes.toString("latin1").replaceAll(valid, (part) => {
    const isValid = part.length > 1 || part < "\x80";
    return isValid ? Buffer.from(part, "latin1").toString("utf8") : String.fromCharCode(0xdc00 + part.charCodeAt(0));
  });
}

/** The bytes of such a text. */
export const encodeExact = (text: string): Buffer =>
  Buffer.concat(
    text
      .split(/([\udc80-\udcff])/u)
      .map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.from([part.charCodeAt(0) - 0xdc00]))),
  );

/**
 * Changes a text that has neither a mark of byte order nor line ends of Windows, and gives both back to it: a line that stays
 * keeps its end, and a new one gets that of the file's first line.
 */
export function keepingEnds(text: string, change: (plain: string) => string): string {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const ends = text.match(/\r?\n/g) ?? [];
  const before = text.slice(mark.length).split(/\r?\n/);
  const after = change(before.join("\n")).split("\n");
  const shorter = Math.min(before.length, after.length);
  const head = countWhile(shorter, (index) => before[index] === after[index]);
  const tail = countWhile(shorter - head, (index) => before.at(-1 - index) === after.at(-1 - index));
  const endOf = (index: number): string | undefined => {
    if (index < head) return ends[index];
    return index < after.length - tail ? undefined : ends[index - after.length + before.length];
  };
  const lines = after.map((line, index) =>
    index === after.length - 1 ? line : `${line}${endOf(index) ?? ends[0] ?? "\n"}`,
  );
  return mark + lines.join("");
}

/** How many numbers from 0 on, at most so many, are right. */
function countWhile(most: number, isRight: (index: number) => boolean): number {
  let count = 0;
  while (count < most && isRight(count)) count += 1;
  return count;
}
