import { join, relative, resolve } from "node:path";
import { exists, isFolder, readText } from "../doors/files.ts";
import { UserError } from "../errors.ts";
import { type OutputFile, writtenBy } from "../names/report.ts";
import type { Facts } from "../plan/facts.ts";

/** The file that was named, relative to where one stands, and one like it as advice; with an empty name it lies among Slipway's own files. */
export function outputFile(
  { config, place }: Pick<Facts, "config" | "place">,
  named: string | undefined,
  like: string,
): OutputFile | null {
  if (named === undefined) return null;
  const own = join(place.gitDir, "slipway", `status.${config.imageName}.html`);
  const path = named === "" ? own : resolve(named);
  if (isFolder(path))
    throw new UserError(`"${named}" is a directory`, {
      why: "The report is written to a file.",
      fix: `Name a file in it: ${join(named, like)}`,
    });
  const text = readText(path);
  const ours = text !== null && (text.trim() === "" || text.slice(0, 1000).includes(writtenBy));
  const inside = relative(place.root, path);
  return {
    path: inside.startsWith("..") ? path : inside,
    state: exists(path) ? (ours ? "ours" : "foreign") : "absent",
  };
}
