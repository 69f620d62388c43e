import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Places } from "./places.ts";

/** Each command is a link to this file; which clone runs is decided by the sourced thin env. */
const runner = `#!/bin/sh
if [ -z "$SLIPWAY_ROOT" ]; then
  printf 'error: %s\\n  why: %s\\n  fix: %s\\n' "\${0##*/} does not know which Slipway to run" \\
    'SLIPWAY_ROOT is not set.' 'Source thin_client/setenv.sh of a clone.' >&2
  exit 2
fi
exec "$SLIPWAY_ROOT/thin_client/bin/i" "\${0##*/}" "$@"
`;

/** The scripts that become commands of their own: a name with an underscore shadows nothing of the system. */
export const commandNames = (root: string): readonly string[] =>
  readdirSync(join(root, "scripts"))
    .filter((name) => name.endsWith(".ts") && name.includes("_") && !name.startsWith("."))
    .sort()
    .map((name) => name.slice(0, -3));

/** The dir of the commands for a set of names: setenv.sh finds it by the same checksum of the same lines. */
export function commandsDir(at: Places, names: readonly string[]): string {
  const input = names.map((name) => `${name}.ts\n`).join("") || "\n";
  const { stdout } = spawnSync("cksum", { input, encoding: "utf8" });
  return join(at.commands, stdout.split(" ")[0] ?? "0");
}

/** Makes the dir under a temporary name; a set of names that has one already needs nothing. */
export function makeCommands(dir: string, names: readonly string[]): void {
  if (existsSync(dir)) return;
  const made = `${dir}.${process.pid}`;
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  writeFileSync(join(made, ".run"), runner);
  chmodSync(join(made, ".run"), 0o755);
  for (const name of names) symlinkSync(".run", join(made, name));
  try {
    renameSync(made, dir);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!existsSync(dir)) throw error;
  }
}
