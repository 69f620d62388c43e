import { readText } from "./files.ts";

/** The words that were typed after the script's name. bun takes a `--` that comes first for itself; the kernel still has it. */
export function typedWords(): readonly string[] {
  const words = process.argv.slice(2);
  if (process.versions["bun"] === undefined || words[0] === "--") return words;
  const all = (readText("/proc/self/cmdline") ?? "").split("\0").slice(0, -1);
  return all.at(-1 - words.length) === "--" ? ["--", ...words] : words;
}
