import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Facts } from "../model/facts.ts";
import { exists } from "./files.ts";

const folder = fileURLToPath(new URL("../../thin_client/template", import.meta.url));

/** The files of the template, and which of them a dir already has. */
export function loadTemplate(dir: string): Pick<Facts, "template" | "existing"> {
  // Node and bun list a folder in different orders.
  const paths = filesBelow(folder)
    .map((path) => relative(folder, path))
    .sort();
  const template = Object.fromEntries(
    paths.map((path) => [
      path,
      { text: readFileSync(join(folder, path), "utf8"), executable: (statSync(join(folder, path)).mode & 0o100) !== 0 },
    ]),
  );
  return { template, existing: paths.filter((path) => exists(join(dir, path))) };
}

const filesBelow = (at: string): string[] =>
  readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = join(at, entry.name);
    if (!entry.isDirectory()) return entry.name.endsWith(".pyc") ? [] : [path];
    return ["__pycache__", ".pytest_cache"].includes(entry.name) ? [] : filesBelow(path);
  });
