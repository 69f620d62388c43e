import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheHome } from "../../lib/doors/engine.ts";
import { must } from "../../thin_client/engine/command.ts";
import { withLock } from "../../thin_client/engine/holders.ts";

const release = "@devcontainers/cli@0.89.0";

/** The CLI with which editors start dev containers, fetched once and kept among the user's caches; gives its program. */
export async function ensureDevcontainers(): Promise<string> {
  const dir = join(cacheHome(process.env), release.replace("/", "+"));
  const program = join(dir, "node_modules/@devcontainers/cli/devcontainer.js");
  mkdirSync(dir, { recursive: true });
  const words = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", release];
  await withLock(
    dir,
    () => undefined,
    async () => {
      if (!existsSync(program)) await must(["npm", "install", "--prefix", dir, ...words]);
    },
  );
  return program;
}
