import { basename, dirname, join, relative, resolve } from "node:path";
import { exists, readRepoText } from "../doors/files.ts";
import { UserError } from "../errors.ts";
import { failedIn, stacktracesIn } from "../formats/pytest_output.ts";
import type { OutputFile } from "../names/report.ts";
import type { Facts } from "../plan/facts.ts";
import { outputFile } from "../run/output_file.ts";

/** What failed, by which file, and the file that the script goes to. */
export type ReproSeen = ReturnType<typeof failedIn> & {
  /** Relative to the outermost repo where it lies in it. */
  readonly file: string;
  readonly traces: string | null;
  readonly output: OutputFile | null;
};
type Options = {
  readonly file: string | undefined;
  readonly script: string | undefined;
  readonly showStacktrace: boolean;
};

/** Reads what failed from the named file, else from the cache of the last run in a container, else from the dir's own. */
export async function lookForFailed(facts: Facts, { file, script, showStacktrace }: Options): Promise<ReproSeen> {
  const path = file === undefined ? lastFailed(facts) : resolve(file);
  const text = readRepoText(dirname(path), basename(path));
  if (text === null)
    throw new UserError(`the file "${file}" does not exist`, {
      why: "What failed is read from it.",
      fix: "Name a log of a test list, like that of --tee-to-file, or leave out --file",
    });
  const inside = relative(facts.place.root, path);
  const shown = inside.startsWith("..") ? path : inside;
  const traces = showStacktrace ? stacktracesIn(text) : null;
  if (showStacktrace && traces === null)
    throw new UserError(`${shown} shows no stack traces`, {
      why: "pytest writes them into its output, and not into its cache.",
      fix: "Keep the output of a list, i run_fast_tests --tee-to-file, and name it: --file .git/slipway/reports/IMAGE/fast.log",
    });
  return { ...failedIn(text), file: shown, traces, output: outputFile(facts, script, "repro.sh") };
}

function lastFailed({ place, config }: Facts): string {
  const cache = "v/cache/lastfailed";
  const files = [
    join(place.gitDir, "slipway", "reports", config.imageName, "pytest_cache", cache),
    join(place.root, place.dir, ".pytest_cache", cache),
  ];
  const found = files.find(exists);
  if (found !== undefined) return found;
  throw new UserError(`no test of ${config.imageName} has run here that failed`, {
    why: "What failed last is read from pytest's cache, and there is none.",
    fix: "Run a list, i run_fast_tests, or name a log: --file LOG",
  });
}
