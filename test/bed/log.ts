import type { SignedEntry } from "../../lib/names/log.ts";
import { inOneShell } from "./git.ts";

/** Adds entries to the log of an image on a bare remote, as somebody else's Slipway would. */
export async function writeLog(remote: string, image: string, entries: readonly SignedEntry[]): Promise<void> {
  const lines = [
    "ref=$1; shift",
    "tree=$(git hash-object -w -t tree /dev/null)",
    'last=$(git for-each-ref --format="%(objectname)" "$ref")',
    'for entry; do last=$(git commit-tree "$tree" ${last:+-p "$last"} -m "$entry"); done',
    'git update-ref "$ref" "$last"',
  ];
  await inOneShell(remote, lines, `refs/slipway/log/${image}`, ...entries.map((entry) => JSON.stringify(entry)));
}
