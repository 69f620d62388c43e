import { assertServices } from "../config/services.ts";
import type { ListName } from "../config/tests.ts";
import { UserError } from "../errors.ts";
import { cmd, command } from "../kinds/command.ts";
import { record } from "../kinds/record.ts";
import type { Chosen } from "../names/choose_image.ts";
import { builtImage, releaseTag } from "../names/names.ts";
import { releasesOf } from "../names/releases.ts";
import type { Version } from "../names/version.ts";
import type { Facts, PushFacts, ReleaseFacts } from "../plan/facts.ts";
import { type Action, type Step, step, type Value } from "../plan/plan.ts";
import { assertProdWays } from "./prod_tests.ts";
import { smokeTests } from "./smoke.ts";
import { failedTest } from "./test_meaning.ts";
import { namesOf, passesIn, passOf, recordedPass, testList } from "./tests.ts";

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
  readonly image: Value;
  /** What the engine calls it. */
  readonly what: Value;
  readonly options: GateOptions;
};

/** fast, slow, qa by config; superslow by option; end to end where configured. A skip is recorded. */
export function gates(facts: ReleaseFacts, { version, image, what, options }: Gates): Step[] {
  const { gates: configured } = facts.config.release;
  const isExtra = options.superslowTests && !configured.includes("superslow");
  const lists: readonly ListName[] = isExtra ? [...configured, "superslow"] : configured;
  const why = (list: ListName) =>
    options.skipTests ? "--skip-tests" : list === "qa" && !options.qaTests ? "--no-qa-tests" : null;
  if (facts.stage === "prod")
    assertProdWays(
      facts,
      lists.filter((list) => why(list) === null),
    );
  const chosen = underTest(facts, version);
  const base = facts.stage === "prod" ? facts.inputs.base : null;
  const steps = lists.map((list) => {
    const gate = {
      list,
      image: chosen,
      what,
      digest: image,
      choice: { pytestOpts: [] },
      again: options.rerunTests,
      base,
      snapshot: true,
    };
    const reason = why(list);
    return reason ? { ...testList(facts, gate), skip: reason } : testList(facts, gate);
  });
  assertServices(
    facts,
    lists.filter((_, index) => steps[index]?.skip === null),
  );
  const skips = lists.flatMap((list) => {
    const reason = why(list);
    return reason ? [skipOf(facts, { list, image, version, reason })] : [];
  });
  const smoke = smokeTests(facts, { version, image, what, chosen, again: options.rerunTests }).map((one) =>
    options.skipTests ? { ...one, skip: "--skip-tests" } : one,
  );
  return [...steps, ...smoke, ...endToEnd(facts, what, options), ...(skips.length > 0 ? [recordSkips(skips)] : [])];
}

/** The image of this run, which has no released name yet. */
function underTest(facts: Facts<"engine">, version: Version): Chosen {
  const stage = facts.stage === "prod" ? "prod" : "local";
  const reference = builtImage(facts, version);
  const local = facts.engine.images.find((one) => one.reference === reference) ?? null;
  return { reference, tag: reference.slice(reference.lastIndexOf(":") + 1), stage, version, local };
}

type Skip = { readonly list: ListName; readonly image: Value; readonly version: string; readonly reason: string };
const skipOf = (facts: Facts, { list, image, version, reason }: Skip): Action =>
  record({
    image: facts.config.imageName,
    entry: { type: "skip", digest: image, version, list, why: reason },
  });

/** The step that records of several lists why they were left out. */
export const skipsOf = (facts: Facts, lists: readonly ListName[], skip: Omit<Skip, "list">): Step[] =>
  lists.length > 0 ? [recordSkips(lists.map((list) => skipOf(facts, { ...skip, list })))] : [];

const recordSkips = (skips: readonly Action[]): Step => step("record_skips", "Record which tests were left out", skips);

function endToEnd(facts: Facts, image: Value, options: GateOptions): Step[] {
  const row = facts.config.release.endToEnd[facts.stage];
  if (!row) return [];
  const cwd = [facts.place.dir, row.dir].filter((part) => part !== ".").join("/") || ".";
  const skip = options.skipTests ? "--skip-tests" : options.runEndToEndTests ? null : "--no-run-end-to-end-tests";
  return [
    step(
      "run_end_to_end_tests",
      "Run the end-to-end tests",
      [
        command({
          ...{ ...cmd`${row.argv}`, cwd, env: { IMAGE: image }, ofRepo: "host" },
          ...{ does: "the end-to-end tests", reason: failedTest },
        }),
      ],
      {
        skip,
      },
    ),
  ];
}

/**
 * Refuses an image of which the log neither has the passes of all gates nor says that they were left out on purpose. What was
 * released as this version stays so, whatever gates were added since.
 */
export function assertTested(facts: PushFacts, image: string, version: Version): void {
  const names = namesOf(facts, image);
  if (releasesOf(facts.log, facts.stage).some((one) => one.version === version && names.includes(one.digest))) return;
  const commit = facts.remoteTags[releaseTag(facts, version)] ?? facts.git.commit;
  const known = [
    ...passesIn(facts).filter((one) => one.commit === commit),
    ...facts.log.flatMap((one) => (one.type === "skip" ? [one] : [])),
  ];
  const isKnown = (list: ListName) => known.some((one) => one.list === list && names.includes(String(one.digest)));
  const missing = facts.config.release.gates.filter((list) => !isKnown(list));
  if (missing.length === 0) return;
  throw new UserError(`${missing.join(", ")} tests have not passed in this image and commit`, {
    why: "What is released was tested, or the log says that it was not; an image that was tagged by hand may be neither.",
    fix: `Tag it with: i docker_tag_local_as_dev --version ${version}`,
  });
}

type Passing = { readonly version: Version; readonly image: string; readonly skipTests: boolean };

/** Refuses an image whose gates have no recorded pass; with --skip-tests gives the step that records what is missing. */
export function assertPassed(facts: PushFacts, { version, image, skipTests }: Passing): Step[] {
  const stage = facts.stage === "prod" ? "prod" : "local";
  const missing = facts.config.release.gates.filter(
    (list) => !recordedPass(facts, passOf(facts, { list, digest: image, version, stage })),
  );
  if (missing.length === 0) return [];
  if (skipTests)
    return [recordSkips(missing.map((list) => skipOf(facts, { list, image, version, reason: "--skip-tests" })))];
  throw new UserError(`${missing.join(", ")} tests have not passed in this image and commit`, {
    why: `Only tested images are released as ${facts.stage}, and the log has no pass for this one.`,
    fix: `Run them: i run_${missing[0]}_tests --stage ${stage} --version ${version}${stage === "prod" ? "" : " --snapshot"}; or say so with --skip-tests`,
  });
}
