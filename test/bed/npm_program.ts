import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheHome } from "../../lib/doors/engine.ts";
import { must } from "../../thin_client/engine/command.ts";
import { withLock } from "../../thin_client/engine/holders.ts";

/** A program of npm's registry, `name@version`, fetched once and kept among the user's caches; gives the path of `file` in its package. */
export async function ensureNpmProgram(release: string, file: string): Promise<string> {
  const dir = join(cacheHome(process.env), release.replace("/", "+"));
  const program = join(dir, "node_modules", release.slice(0, release.lastIndexOf("@")), file);
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
