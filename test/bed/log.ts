import type { SignedEntry } from "../../lib/model/log.ts";
import { git } from "./git.ts";

/** Adds entries to the log of an image on a bare remote, as somebody else's Slipway would. */
export async function writeLog(remote: string, image: string, entries: readonly SignedEntry[]): Promise<void> {
  const ref = `refs/slipway/log/${image}`;
  const tree = await git(remote, "hash-object", "-w", "-t", "tree", "/dev/null");
  let last = await git(remote, "for-each-ref", "--format=%(objectname)", ref);
  for (const entry of entries) {
    const parent = last === "" ? [] : ["-p", last];
    last = await git(remote, "commit-tree", tree, ...parent, "-m", JSON.stringify(entry));
  }
  await git(remote, "update-ref", ref, last);
}
