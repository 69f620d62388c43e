import { assertServices } from "../config/services.ts";
import { suiteOf } from "../config/tested_dirs.ts";
import { isWhole, type ListChoice, type ListName, listNames, runnerName, testCommand } from "../config/tests.ts";
import { pathsOfCode, runContainer, shellText } from "../container/compose_file.ts";
import { reportsOf, slipwayFile } from "../container/own_files.ts";
import { readyImage } from "../container/ready_image.ts";
import { UserError } from "../errors.ts";
import { dataOf } from "../formats/coverage.ts";
import { announce } from "../kinds/announce.ts";
import { cmd, type OfEvidence } from "../kinds/command.ts";
import { record } from "../kinds/record.ts";
import { type Chosen, chooseImage, shownImage } from "../names/choose_image.ts";
import { isFrom, type Pass, passIn, sameEntry } from "../names/log.ts";
import { testedPlatform } from "../names/platform.ts";
import type { Stage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { AllFacts, BaseImage, Facts } from "../plan/facts.ts";
import { type Action, type Group, group, type Step, step, type Value } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { someOf } from "../text/units.ts";
import {
  type CoverageChoice,
  forgetCoverage,
  readyReports,
  reportData,
  reportLists,
  reportsInside,
} from "./coverage.ts";
import { prodWay } from "./prod_tests.ts";
import { type Snapshot, snapshot } from "./snapshot.ts";
import { failedTest, meaningOf } from "./test_meaning.ts";

export type TestOptions = ListChoice & {
  readonly stage: Stage;
  readonly version?: Version | undefined;
  readonly snapshot: boolean;
  readonly teeToFile?: boolean;
  /** How its coverage is reported; as everything that there is, without it. */
  readonly report?: CoverageChoice;
  readonly retryFlaky?: number | undefined;
};

type TestFacts = Facts<"engine" | "registries" | "log" | "lastLog" | "nested" | "services">;

/**
 * One test list in the image of a stage, on the mounted tree or on a snapshot of its commit. A pass is recorded where nothing
 * narrowed the list and what was mounted is the commit.
 */
export function runTests(facts: TestFacts, options: TestOptions, list: ListName): (Step | Group)[] {
  if (options.coverage) return runLists(facts, { ...options, abortOnFirstError: false }, [list]);
  const { pull, tests, notes } = listsIn(facts, options, [list]);
  return [...pull, ...tests, ...notes];
}

export type ListsOptions = TestOptions & { readonly abortOnFirstError: boolean };

/** Several test lists, one after the other: a list that fails ends the run only where that is asked for, and fails it anyway. */
export function runLists(facts: TestFacts, options: ListsOptions, lists: readonly ListName[]): (Step | Group)[] {
  if (lists.length === 0)
    throw new UserError("no test list is named", {
      why: `Which of ${listNames.join(", ")} are to run is not guessed.`,
      fix: "Name them: i run_tests fast slow",
    });
  const each = [...new Set(lists)];
  const { pull, tests, notes } = listsIn(facts, options, each);
  const onFailure = options.abortOnFirstError ? "stop" : "go_on";
  const report = options.coverage ? [coverageOf(facts, options, each)] : [];
  const title = `Run the ${lists.join(", ")} tests`;
  return [...pull, group("test_lists", title, [...tests, ...report], { onFailure }), ...notes];
}

/** The report of all lists, in a container as the first of them had it. */
const coverageOf = (facts: TestFacts, options: TestOptions, lists: readonly ListName[]): Step =>
  reportLists(facts, measured(facts, options, lists[0] ?? "fast"), { lists, ...(options.report ?? { html: true }) });

/** Test lists, fast without any, whatever fails, and the report of what they covered. */
export const coverLists = (facts: TestFacts, options: TestOptions, lists: readonly ListName[]): (Step | Group)[] =>
  runLists(facts, { ...options, abortOnFirstError: false }, lists.length > 0 ? lists : ["fast"]);

/** One report of data that lists of any dirs left; runs none. */
export function joinCoverage(
  facts: TestFacts,
  options: TestOptions & { readonly report: CoverageChoice },
  lists: readonly ListName[],
  files: readonly string[],
): Step[] {
  if (lists.length > 0)
    throw new UserError(`--data and the ${lists.join(", ")} tests exclude each other`, {
      why: "What lists left is reported without running any.",
      fix: "Leave out --data, or the lists",
    });
  const image = chooseImage(facts, options.stage, options.version ?? null);
  const report = reportData(facts, measured(facts, options, "fast"), { ...options.report, files });
  return [...readyImage(facts, image), report];
}

/** A container as a list has it: with the code, and with what measured it. */
function measured(facts: TestFacts, options: TestOptions, list: ListName) {
  const image = chooseImage(facts, options.stage, options.version ?? null);
  const isCode = seesCode(facts, image.stage, list);
  const code = options.snapshot && isCode ? snapshotOf(facts, { list: "coverage", image }) : null;
  const way = wayOf(facts, { list, image, what: image.reference, base: null });
  return {
    ...emulated(facts),
    ...way,
    entrypoint: facts.config.tests[list].entrypoint,
    ...(code ? { code: code.make.path } : {}),
    before: [...(code ? [code.make] : []), ...(way.before ?? [])],
    after: [...(way.after ?? []), ...(code ? [code.remove] : [])],
  };
}

type ListSteps = { readonly pull: readonly Step[]; readonly tests: readonly Step[]; readonly notes: readonly Step[] };

function listsIn(facts: TestFacts, options: TestOptions, lists: readonly ListName[]): ListSteps {
  const image = chooseImage(facts, options.stage, options.version ?? null);
  assertServices(facts, lists);
  const digest = image.local?.digests.at(-1) ?? null;
  const isAll = isWhole(options);
  const differsFor = (list: ListName) =>
    isAll && !options.snapshot && seesCode(facts, options.stage, list) ? facts.tree.differs : [];
  const tests = lists.map((list) =>
    testList(facts, {
      list,
      image,
      what: image.reference,
      digest: isAll && differsFor(list).length === 0 ? digest : null,
      choice: options,
      again: true,
      base: null,
      snapshot: options.snapshot,
      shown: true,
      ...(options.teeToFile ? { tee: true } : {}),
      retries: options.retryFlaky ?? 0,
    }),
  );
  const notes = digest ? notRecorded([...new Set(lists.flatMap(differsFor))]) : [];
  return { pull: readyImage(facts, image), tests, notes };
}

/** Whether code is mounted when a list runs in the image of a stage. */
const seesCode = ({ config }: Facts, stage: Stage, list: ListName): boolean =>
  stage !== "prod" || config.tests[list].prod === "from_outside";

/** Why a whole list that passed is not recorded, and how it would be. */
const notRecorded = (differs: readonly string[]): Step[] =>
  differs.length === 0
    ? []
    : [
        step("tell", "Explain why the pass is not recorded", [
          announce({
            text: `The pass is not recorded, for the tree is not its commit: ${differs.join(", ")}\nTo test the commit alone, as a release does, add --snapshot`,
          }),
        ]),
      ];

export type Gate = {
  readonly list: ListName;
  readonly image: Chosen;
  readonly what: Value;
  /** The digest to record a pass for; null where the result proves nothing. */
  readonly digest: Value | null;
  readonly choice: ListChoice;
  /** Run it although the log has the pass. */
  readonly again: boolean;
  /** The dev image below a prod image that this run builds; null where only the image's labels can tell. */
  readonly base: BaseImage | null;
  /** The commit alone is mounted, not the tree. */
  readonly snapshot: boolean;
  /** What it prints is what was asked for. */
  readonly shown?: true;
  /** Its output is kept beside its report too. */
  readonly tee?: true;
  /** How often it is run again where it fails. */
  readonly retries?: number;
};

/** The step of one list: its command in a container, then the record of the pass. */
export function testList(facts: Facts<"engine" | "registries" | "log" | "nested" | "services">, gate: Gate): Step {
  const { list, image } = gate;
  // What passes here says nothing of the dir that releases the image.
  const digest = facts.config.imageOf === null ? gate.digest : null;
  const reports = reportsOf(facts, suiteOf(facts.config, facts.place.dir));
  const config = facts.config.tests[list];
  const entry = digest === null ? null : passOf(facts, { list, digest, version: image.version, stage: image.stage });
  const known = entry && typeof entry.digest === "string" && !gate.again ? recordedPass(facts, entry) : undefined;
  // What failed last may not choose what counts as a pass.
  const forget = [
    ...(entry && config.command === null ? [cmd`rm -rf ${`${reports}/pytest_cache`}`] : []),
    ...(gate.choice.coverage ? [forgetCoverage(facts, list)] : []),
  ];
  // Some entrypoints join their words and split them again, and a marker has spaces.
  const text = shellText(facts, listScript(facts, gate));
  const way = wayOf(facts, gate);
  const isCode = seesCode(facts, image.stage, list);
  const code = gate.snapshot && isCode ? snapshotOf(facts, gate) : null;
  const made = runContainer(facts, {
    id: `run_${list}_tests`,
    title: `Run the ${list} tests in ${shownImage(image)}`,
    cwd: facts.place.dir,
    ...emulated(facts),
    socket: list === "qa",
    services: facts.services?.network,
    entrypoint: config.entrypoint,
    withoutEntrypoint: `set tests: {${list}: {entrypoint: false}} in repo_config.yaml`,
    meaning: meaningOf(facts, gate),
    limits: { cpus: facts.config.testCpus, memory: facts.config.testMemory },
    does: `the ${list} tests`,
    reason: failedTest,
    ...(gate.shown ? { shown: true } : {}),
    ...(gate.tee ? { tee: `${reports}/${list}.log` } : {}),
    ...(gate.retries ? { retries: gate.retries } : {}),
    ...(gate.choice.collectOnly ? {} : { evidence: evidenceOf(facts, gate) }),
    argv: text.argv,
    ...way,
    ...(code ? { code: code.make.path } : {}),
    mounts: [{ source: `${facts.place.root}/${reports}`, target: reportsInside }, ...text.mounts],
    before: [readyReports(facts), ...forget, ...(code ? [code.make] : []), ...text.before, ...(way.before ?? [])],
    // The pass comes last: with it in the log the step is not done again, and what is left to do would stay undone.
    after: [
      ...(way.after ?? []),
      ...(code ? [code.remove] : []),
      ...(entry ? [recordPass(facts, { entry, again: gate.again, onTree: isCode && !code })] : []),
    ],
  });
  return known ? { ...made, skip: `passed on ${known.at.slice(0, 16).replace("T", " ")} by ${known.by}` } : made;
}

/** The text of sh that runs a list. */
export function listScript(facts: Facts<"nested">, gate: Pick<Gate, "list" | "image" | "choice">): string {
  const covers = gate.choice.coverage ? `export COVERAGE_FILE=${dataOf(reportsInside, gate.list)}\n` : "";
  return `${covers}exec ${listWords(facts, gate).map(quote).join(" ")}`;
}

/** What the evidence of a list is of: its code is a commit where that alone is mounted, or the tree was seen to be one. */
function evidenceOf(facts: Facts<"engine">, gate: Gate): OfEvidence {
  const { list, image } = gate;
  const reports = reportsOf(facts, suiteOf(facts.config, facts.place.dir));
  const isCommit = seesCode(facts, image.stage, list) && (gate.snapshot || gate.digest !== null);
  return {
    dir: facts.place.dir,
    list,
    image: gate.digest ?? image.local?.digests.at(-1) ?? null,
    code: isCommit ? { commit: facts.git.code, tree: facts.git.tree } : null,
    files: {
      "junit.xml": `${reports}/${list}.xml`,
      ...(gate.choice.coverage ? { "coverage.data": dataOf(reports, list) } : {}),
    },
    to: `${reports}/evidence/${list}`,
  };
}

/** What a list is started in: the image itself, unless one of prod says otherwise. */
const wayOf = (facts: Facts, gate: Parameters<typeof prodWay>[1]): ReturnType<typeof prodWay> =>
  gate.image.stage === "prod" ? prodWay(facts, gate) : { image: gate.image, what: gate.what };

/** The platform of a list that cannot run on the engine's own. */
function emulated({ platforms, engine }: Facts<"engine">): { readonly platform?: string } {
  const platform = testedPlatform(platforms, engine.platform);
  return platform === engine.platform ? {} : { platform };
}

type Recorded = { readonly entry: Pass; readonly again: boolean; readonly onTree: boolean };

const recordPass = (facts: Facts, { entry, again, onTree }: Recorded): Action =>
  record({
    image: facts.config.imageName,
    entry,
    ...(again ? { again: true } : {}),
    ...(onTree ? { onTree: true } : {}),
  });

/** The commit of the outermost repo in a folder of this list's own, made before it and removed after it. */
export function snapshotOf(facts: Facts, { list, image }: { readonly list: string; readonly image: Chosen }) {
  const { code: commit, branch } = facts.git;
  const path = slipwayFile(facts, "snapshots", `${suiteOf(facts.config, facts.place.dir)}-${image.tag}-${list}`);
  const make: Snapshot = snapshot({ path, code: { commit, branch, mounted: pathsOfCode(facts) } });
  const remove: Snapshot = snapshot({ path, code: null });
  return { make, remove };
}

const listWords = (
  facts: Facts<"nested">,
  { list, image, choice }: Pick<Gate, "list" | "image" | "choice">,
): readonly string[] =>
  testCommand(list, facts.config.tests[list], {
    ci: facts.ci,
    suite: suiteOf(facts.config, facts.place.dir),
    report: `${reportsInside}/${list}.xml`,
    cache: `${reportsInside}/pytest_cache`,
    choice,
    without: facts.nested,
    stage: image.stage,
    version: image.version,
  });

type Tested = {
  readonly list: ListName;
  readonly digest: Value;
  readonly version: string | null;
  readonly stage: Stage;
};

/** The entry of a pass: the key of design.md, step 3. The code of a prod image is in it, so its digest alone names the code. */
export const passOf = (facts: Facts<"engine">, { list, digest, version, stage }: Tested): Pass => ({
  type: "pass",
  digest,
  version: version ?? "",
  list,
  ...(seesCode(facts, stage, list) ? { commit: facts.git.commit, tree: facts.git.tree } : { commit: "", tree: "" }),
  runner: runnerName(list, facts.config.tests[list]),
  platform: testedPlatform(facts.platforms, facts.engine.platform),
});

/** The passes of the log that count. */
export const passesIn = ({ log, config }: Pick<AllFacts, "log" | "config">) =>
  log.flatMap((one) => {
    const pass = isFrom(one, config.release.passesFrom) ? passIn(one, config.release.flakyPasses) : null;
    return pass ? [pass] : [];
  });

/** The log's entry that makes a run of this list needless: same image, mounted code, list, runner and platform. */
export function recordedPass(facts: Pick<AllFacts, "log" | "registries" | "engine" | "config">, wanted: Pass) {
  const { digest: _, ...key } = wanted;
  const names = typeof wanted.digest === "string" ? namesOf(facts, wanted.digest) : [];
  return passesIn(facts).findLast((entry) => {
    if (typeof entry.digest !== "string" || !names.includes(entry.digest)) return false;
    return sameEntry({ ...key, digest: "" }, { ...entry, digest: "" });
  });
}

/** Whether the log has a pass of every gate for an image and a commit; the code of a prod image that is in it has no commit there. */
export function passedAt(facts: Pick<AllFacts, "log" | "registries" | "engine" | "config">, digest: string | null) {
  const names = digest === null ? [] : namesOf(facts, digest);
  const { gates } = facts.config.release;
  return (commit: string): boolean =>
    gates.length > 0 &&
    gates.every((list) =>
      passesIn(facts).some((one) => one.list === list && one.commit === commit && names.includes(String(one.digest))),
    );
}

/** The digests one image is known by: its manifest's and, in the classic store, its config's. */
export function namesOf(facts: Pick<AllFacts, "registries" | "engine">, digest: string): string[] {
  const inRegistries = Object.values(facts.registries).flatMap((tags) =>
    Object.values(tags).flatMap((state) =>
      state.state === "found" && state.digest === digest && state.config ? [state.config] : [],
    ),
  );
  const inEngine = facts.engine.images.flatMap(({ digests }) => (digests.includes(digest) ? digests : []));
  return [...new Set([digest, ...inRegistries, ...inEngine])];
}

/** Refuses code that is not committed: what was tested could not be named. */
export function assertClean(facts: Facts): void {
  if (facts.git.dirty.length === 0) return;
  throw new UserError(`the code is not committed: ${someOf(facts.git.dirty)}`, {
    why: "A release is built and tested from a commit, so that anyone can build and test the same.",
    fix: "Commit it: git add --all && git commit; or set it aside: git stash --include-untracked",
    kind: "dirty",
  });
}
