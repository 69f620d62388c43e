import { resolve } from "node:path";
import { exists } from "../doors/files.ts";
import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import { lookForTests } from "./look_gates.ts";

type Options = {
  readonly skipSubmodules: boolean;
  readonly data: readonly string[];
  readonly output: string | undefined;
};

/** What the lists have to know, and the files that were named, as they are called from where a person stands. */
export async function lookForCoverage(facts: Facts, { data, output, ...options }: Options) {
  const missing = data.find((path) => !exists(path));
  if (missing !== undefined)
    throw new UserError(`the file "${missing}" does not exist`, {
      why: "It is to hold the data of a coverage.",
      fix: "Leave out --data to run the lists, or name a file that one left, like .git/slipway/reports/IMAGE/fast.coverage",
    });
  return {
    ...(await lookForTests(facts, options)),
    files: data.map((path) => resolve(path)),
    output: output === undefined ? undefined : resolve(output),
  };
}
