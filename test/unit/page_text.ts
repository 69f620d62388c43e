/** HTML as one reads it: a pill as its look in brackets and its word, everything else without its tags. */
const text = (html: string): string =>
  html
    .replaceAll(/<span class="pill (\w+)">/g, "[$1] ")
    .replaceAll(/<\/(?:p|li|dd|dt|summary|caption)>/g, " ")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();

/** The rows of the tables' bodies, each as the texts of its cells. */
export const rowsIn = (html: string): readonly (readonly string[])[] =>
  [...html.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)]
    .map(([, row = ""]) => [...row.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].map(([, cell = ""]) => text(cell)))
    .filter((cells) => cells.length > 0);

/** What stands between two words of the page, without tags. */
export function textBetween(html: string, start: string, end: string): string {
  const from = html.indexOf(start);
  const to = html.indexOf(end, from + start.length);
  if (from < 0 || to < 0) throw new Error(`the page has no ${from < 0 ? start : end}`);
  return text(html.slice(from + start.length, to));
}

/** The value that a list of terms has for one of them. */
export const termOf = (html: string, term: string): string => textBetween(html, `<dt>${term}</dt>`, "</dd>");
