import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../../unit/source.ts";
import { renderKeys, renderSchema } from "./config.ts";
import { loadWorkflows, renderPages } from "./render.ts";

/** Writes the pages of all workflows anew, that of the config's keys, and the schema of it. */
const pages = renderPages(await loadWorkflows());
const ofConfig = { "docs/repo_config.md": renderKeys(), "thin_client/repo_config.schema.json": renderSchema() };
for (const folder of ["docs/workflows", "thin_client/man"])
  rmSync(join(root, folder), { recursive: true, force: true });
for (const [path, text] of [...pages, ...Object.entries(ofConfig)]) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
process.stdout.write(`${pages.size + 1} pages and a schema\n`);
