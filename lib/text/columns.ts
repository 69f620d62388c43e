/** Marks that combine with the letter before them, and joiners, have no width of their own. */
const none = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Letters as wide as two (Unicode Standard Annex 11, "East Asian Wide"), and pictures. */
const two =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

const columnsOf = (letter: string): number => (none.test(letter) ? 0 : two.test(letter) ? 2 : 1);

/** How many columns a terminal gives a text without control characters. */
export const widthOf = (text: string): number =>
  /^[ -~]*$/.test(text) ? text.length : [...text].reduce((sum, letter) => sum + columnsOf(letter), 0);

/** A text in so many columns; what is cut off its end is told by three dots. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 3;
  for (const letter of text) {
    width += columnsOf(letter);
    if (width > columns) break;
    kept += letter;
  }
  return `${kept}...`.slice(0, Math.max(0, columns));
}

/** The text in lines of so many columns, broken between words. */
export function fold(text: string, columns: number): string[] {
  const folded: string[] = [];
  for (const word of text.split(" ")) {
    const last = folded.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= Math.max(columns, 20))
      folded[folded.length - 1] = `${last} ${word}`;
    else folded.push(word);
  }
  return folded;
}
