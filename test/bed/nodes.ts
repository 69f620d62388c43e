import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheHome } from "../../lib/doors/engine.ts";
import { must } from "../../thin_client/engine/command.ts";
import { withLock } from "../../thin_client/engine/holders.ts";

/** A Node of another major, fetched once and kept among the user's caches; gives the program's path. */
export async function otherNode(major: number): Promise<string> {
  const dir = join(cacheHome(process.env), `node-${major}`);
  const program = join(dir, "node_modules", ".bin", "node");
  mkdirSync(dir, { recursive: true });
  const fetchIt = async () => {
    if (existsSync(program)) return;
    await must(["npm", "install", "--prefix", dir, "--no-save", "--no-audit", "--no-fund", `node@${major}`]);
  };
  await withLock(dir, () => undefined, fetchIt);
  return program;
}
