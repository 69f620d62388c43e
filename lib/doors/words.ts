import { readText } from "./files.ts";

/** The words that were typed after the script's name. bun takes a `--` that comes first for itself; the kernel still has it. */
export function typedWords(): readonly string[] {
  const words = process.argv.slice(2);
  if (process.versions["bun"] === undefined || words[0] === "--") return words;
  const all = (readText("/proc/self/cmdline") ?? "").split("\0").slice(0, -1);
  return all.at(-1 - words.length) === "--" ? ["--", ...words] : words;
}

/**
 * Takes out of the environment what was not there when the process started. Without --no-env-file bun puts all of the current
 * dir's `.env` files into it, of which only the part that they may set is read; the kernel still has what was before.
 */
export function dropEnvFiles(): void {
  if (process.versions["bun"] === undefined) return;
  const before = readText("/proc/self/environ");
  if (before === null) return;
  const names = new Set(before.split("\0").map((entry) => entry.replace(/=.*/s, "")));
  for (const name of Object.keys(process.env)) if (!names.has(name)) delete process.env[name];
}
