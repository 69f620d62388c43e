import { visible } from "../text/visible.ts";

/** Text that is HTML already; anything else is escaped. */
export type Html = { readonly html: string };
type Part = string | number | Html | null | false | undefined | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string => visible(text).replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? "");

const part = (value: Part): string => {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string" || typeof value === "number") return escaped(String(value));
  return "html" in value ? value.html : value.map(part).join("");
};

/** Writes HTML as in a page: every value is escaped, but what this function made; a list is its parts in a row, null is nothing. */
export const html = (strings: TemplateStringsArray, ...values: readonly Part[]): Html => ({
  html: strings.map((text, at) => `${text}${part(values[at])}`).join(""),
});
