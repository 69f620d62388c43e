import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const readIn = (path: string): string => readFileSync(join(root, path), "utf8");

/** The TypeScript files below a folder of the project, by their path in it; the template is another project. */
export const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /(?<!\.d)\.ts$/.test(name) && !name.startsWith("template/"))
    .map((name) => `${folder}/${name}`)
    .sort();

/** The text without comments, so that a word in one counts for nothing. */
export const code = (path: string): string =>
  readIn(path)
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/(^|\s)\/\/.*$/gm, "$1");

/** `erased` where only types come in, `late` where it is imported when it is needed. */
export type Import = { readonly from: string; readonly erased: boolean; readonly late: boolean };

/** What a file imports, static or not. */
export function importsOf(path: string): Import[] {
  const text = code(path);
  const clauses = [...text.matchAll(/^\s*(?:import|export)\s+(type\s+)?([^;"']*?)\s*from\s+"([^"]+)"/gm)];
  const bare = [...text.matchAll(/^\s*import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm)];
  return [
    ...clauses.map(([, type, names = "", from = ""]) => ({
      from,
      erased: Boolean(type) || onlyTypes(names),
      late: false,
    })),
    ...bare.map(([, one, other]) => ({ from: one ?? other ?? "", erased: false, late: one === undefined })),
  ];
}

const onlyTypes = (names: string): boolean =>
  /^\{[\s\S]*\}$/.test(names) &&
  names
    .slice(1, -1)
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .every((name) => name.startsWith("type "));

/** The project's file behind a relative import, or the package's name. */
export const target = (path: string, from: string): string =>
  from.startsWith(".") ? relative(root, join(root, dirname(path), from)) : from;
