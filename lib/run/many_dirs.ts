import { UserError } from "../errors.ts";
import { chosenDirs } from "./look_tested_dirs.ts";
import type { dirsOption, OptionSet, universal, Values } from "./options.ts";
import { typedAgain } from "./parse_options.ts";
import type { Script } from "./script.ts";

/** What says where a run is, what it prints and from where on it runs is of the whole, and told to no dir's own run. */
const ofAll = ["dirs", "dir", "dryRun", "from", "wide", "verbose", "quiet", "help"] as const satisfies readonly (
  | keyof typeof dirsOption
  | keyof typeof universal
)[];

type Typed = {
  readonly name: string;
  readonly spec: Script<OptionSet>;
  readonly all: OptionSet;
  readonly argv: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
};

/** A workflow that was asked for in many dirs: its plan is one run of it for each, and it starts where no config is. */
export async function manyDirs({ name, spec, all, argv, values }: Typed): Promise<Script<OptionSet>> {
  assertNotAlone(values);
  const { about, options } = spec;
  const { dirs } = values as Values<typeof dirsOption>;
  const plan = await spec.inDirs?.();
  const words = typedAgain(all, argv, ofAll);
  return {
    ...{ about, options, place: "new" },
    look: (facts) => chosenDirs(facts, dirs.includes("all") ? [] : dirs),
    steps: (_facts, _options, seen) => plan?.inDirs({ workflow: name, dirs: seen as readonly string[], words }) ?? [],
  };
}

/** Refuses what can be of one dir only: a person watches one report, and one file holds one. */
function assertNotAlone(values: Typed["values"]): void {
  const alone = ["watch", "html"].find((name) => values[name] !== undefined);
  if (alone === undefined) return;
  throw new UserError(`--${alone} and --dirs are given together`, {
    why: `--${alone} is of the report of one dir.`,
    fix: `Leave one of them out, or go to the dir: --dir DIR --${alone}`,
  });
}
