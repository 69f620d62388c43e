import { createHash } from "node:crypto";
import { relative } from "node:path";
import type { Place } from "../plan/facts.ts";

type Where = Pick<Place, "root" | "gitDir">;

/** A path of Slipway's own folder, relative to the outermost root, where commands run. */
export const slipwayFile = (facts: { readonly place: Where }, ...names: readonly string[]): string =>
  [relative(facts.place.root, facts.place.gitDir) || ".git", "slipway", ...names].join("/");

/** Where the reports of a dir's test lists lie: all dirs of a repo have one Git dir, and may be tested at once. */
export const reportsOf = (facts: { readonly place: Where }, suite: string): string =>
  slipwayFile(facts, "reports", suite);

/** Names a file after its content, so that two runs that write it write the same. */
export const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);
