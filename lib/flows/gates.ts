import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { engineImage } from "../model/names.ts";
import { type Action, cmd, type Digest, type Step, step, type Word } from "../model/plan.ts";
import type { ListName } from "../model/tests.ts";
import type { Version } from "../model/version.ts";
import type { Chosen } from "./choose_image.ts";
import { passOf, recordedPass, testList } from "./tests.ts";

/** What decides which gates a release passes. */
export type GateOptions = {
  readonly skipTests: boolean;
  readonly qaTests: boolean;
  readonly superslowTests: boolean;
  readonly runEndToEndTests: boolean;
  readonly rerunTests: boolean;
};

type Gates = {
  readonly version: Version;
  readonly image: Digest;
  /** What the engine calls it. */
  readonly what: Word;
  readonly options: GateOptions;
};

/** fast, slow, qa by config; superslow by option; end to end where configured. A skip is recorded. */
export function gates(facts: Facts, { version, image, what, options }: Gates): Step[] {
  const lists: ListName[] = [
    ...facts.config.release.gates,
    ...(options.superslowTests && !facts.config.release.gates.includes("superslow") ? (["superslow"] as const) : []),
  ];
  const reference = engineImage(facts, "local", version);
  const chosen: Chosen = {
    reference,
    tag: "",
    stage: "local",
    version,
    local: facts.engine.images.find((one) => one.reference === reference) ?? null,
  };
  const why = (list: ListName) =>
    options.skipTests ? "--skip-tests" : list === "qa" && !options.qaTests ? "--no-qa-tests" : null;
  const steps = lists.map((list) => {
    const made = testList(facts, {
      list,
      image: chosen,
      what,
      digest: image,
      extra: [],
      again: options.rerunTests,
    });
    return why(list) ? { ...made, skip: why(list) } : made;
  });
  const skipped = lists.flatMap((list): Action[] => {
    const reason = why(list);
    return reason
      ? [
          {
            kind: "record",
            image: facts.config.imageName,
            entry: { type: "skip", digest: image, version, list, why: reason },
          },
        ]
      : [];
  });
  return [
    ...steps,
    ...endToEnd(facts, what, options),
    ...(skipped.length > 0 ? [step("record_skips", "Record which tests were left out", skipped)] : []),
  ];
}

function endToEnd(facts: Facts, image: Word, options: GateOptions): Step[] {
  const row = facts.config.release.endToEnd.dev;
  if (!row) return [];
  const cwd = [facts.place.dir, row.dir].filter((part) => part !== ".").join("/") || ".";
  const skip = options.skipTests ? "--skip-tests" : options.runEndToEndTests ? null : "--no-run-end-to-end-tests";
  return [
    step("run_end_to_end_tests", "Run the end-to-end tests", [{ ...cmd`${row.argv}`, cwd, env: { IMAGE: image } }], {
      skip,
    }),
  ];
}

type Passing = { readonly version: Version; readonly image: string; readonly skipTests: boolean };

/** Refuses an image whose gates have no recorded pass; with --skip-tests gives the step that records what is missing. */
export function assertPassed(facts: Facts, { version, image, skipTests }: Passing): Step[] {
  const missing = facts.config.release.gates.filter(
    (list) => !recordedPass(facts, passOf(facts, { list, digest: image, version })),
  );
  if (missing.length === 0) return [];
  if (skipTests)
    return [
      step(
        "record_skips",
        "Record which tests were left out",
        missing.map((list) => ({
          kind: "record",
          image: facts.config.imageName,
          entry: { type: "skip", digest: image, version, list, why: "--skip-tests" },
        })),
      ),
    ];
  throw new UserError(`${missing.join(", ")} tests have not passed in this image and commit`, {
    why: "What is tagged dev was tested; the log has no such pass.",
    fix: `Run them: i run_${missing[0]}_tests --stage local --version ${version}; or say so with --skip-tests`,
  });
}
