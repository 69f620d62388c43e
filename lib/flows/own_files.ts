import { createHash } from "node:crypto";
import { relative } from "node:path";
import type { Facts } from "../model/facts.ts";

/** A path of Slipway's own folder, relative to the outermost root, where commands run. */
export const slipwayFile = (facts: Pick<Facts, "place">, ...names: readonly string[]): string =>
  [relative(facts.place.root, facts.place.gitDir) || ".git", "slipway", ...names].join("/");

/** Names a file after its content, so that two runs that write it write the same. */
export const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);
