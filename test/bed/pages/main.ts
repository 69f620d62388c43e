import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../../unit/source.ts";
import { loadWorkflows, renderPages } from "./render.ts";

/** Writes the pages of all workflows anew. */
const pages = renderPages(await loadWorkflows());
for (const folder of ["docs/workflows", "thin_client/man"])
  rmSync(join(root, folder), { recursive: true, force: true });
for (const [path, text] of pages) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
process.stdout.write(`${pages.size} pages\n`);
