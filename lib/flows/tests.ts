import { UserError } from "../model/errors.ts";
import type { BaseImage, Facts } from "../model/facts.ts";
import { type Pass, sameEntry } from "../model/log.ts";
import type { Action, Command, Digest, Step } from "../model/plan.ts";
import { testedPlatform } from "../model/platform.ts";
import { quote } from "../model/render_plan.ts";
import type { Stage } from "../model/stage.ts";
import { type ListName, runnerName, testCommand } from "../model/tests.ts";
import type { Version } from "../model/version.ts";
import { type Chosen, chooseImage } from "./choose_image.ts";
import { runContainer, shellText } from "./container.ts";
import { slipwayFile } from "./own_files.ts";
import { prodWay } from "./prod_tests.ts";
import { pullIfMissing } from "./pull.ts";

export type TestOptions = {
  readonly stage: Stage;
  readonly version?: Version | undefined;
  readonly pytestOpts: readonly string[];
};

/** One test list in the image of a stage; a pass is recorded where the code is committed and nothing narrowed the list. */
export function runTests(facts: Facts, options: TestOptions, list: ListName): Step[] {
  const image = chooseImage(facts, options.stage, options.version ?? null);
  const digest = image.local?.digests.at(-1) ?? null;
  const clean = facts.git.dirty.length === 0 && options.pytestOpts.length === 0;
  const gate: Gate = {
    list,
    image,
    what: image.reference,
    digest: clean ? digest : null,
    extra: options.pytestOpts,
    again: true,
    base: null,
  };
  return [...pullIfMissing(facts, image), testList(facts, gate)];
}

export type Gate = {
  readonly list: ListName;
  readonly image: Chosen;
  readonly what: Digest;
  /** The digest to record a pass for; null where the result proves nothing. */
  readonly digest: Digest | null;
  readonly extra: readonly string[];
  /** Run it although the log has the pass. */
  readonly again: boolean;
  /** The dev image below a prod image that this run builds; null where only the image's labels can tell. */
  readonly base: BaseImage | null;
};

/** The step of one list: its command in a container, then the record of the pass. */
export function testList(facts: Facts, gate: Gate): Step {
  const { list, image, digest } = gate;
  const reports = slipwayFile(facts, "reports");
  const config = facts.config.tests[list];
  const entry = digest === null ? null : passOf(facts, { list, digest, version: image.version, stage: image.stage });
  const known = entry && typeof entry.digest === "string" && !gate.again ? recordedPass(facts, entry) : undefined;
  const ready: Action = {
    kind: "write_file",
    path: `${reports}/README`,
    content: "JUnit reports of the last run of each test list.\n",
  };
  // Some entrypoints join their words and split them again, and a marker has spaces.
  const text = shellText(facts, `exec ${listWords(facts, gate).map(quote).join(" ")}`);
  const way = image.stage === "prod" ? prodWay(facts, gate) : { image, what: gate.what };
  const made = runContainer(facts, {
    id: `run_${list}_tests`,
    title: `Run the ${list} tests in ${image.reference}`,
    cwd: facts.place.dir,
    ...emulated(facts),
    socket: list === "qa",
    meaning: nothingCollected(list, config.mayBeEmpty),
    argv: text.argv,
    ...way,
    mounts: [{ source: `${facts.place.root}/${reports}`, target: "/slipway/reports" }, ...text.mounts],
    before: [ready, ...text.before, ...(way.before ?? [])],
    // The pass comes last: with it in the log the step is not done again, and what is left to do would stay undone.
    after: [...(way.after ?? []), ...(entry ? [recordPass(facts, entry, gate.again)] : [])],
  });
  return known ? { ...made, skip: `passed on ${known.at.slice(0, 16).replace("T", " ")} by ${known.by}` } : made;
}

/** The platform of a list that cannot run on the engine's own. */
function emulated({ platforms, engine }: Facts): { readonly platform?: string } {
  const platform = testedPlatform(platforms, engine.platform);
  return platform === engine.platform ? {} : { platform };
}

const recordPass = (facts: Facts, entry: Pass, again: boolean): Action => ({
  kind: "record",
  image: facts.config.imageName,
  entry,
  ...(again ? { again: true } : {}),
});

const listWords = (facts: Facts, { list, image, extra }: Gate): readonly string[] =>
  testCommand(list, facts.config.tests[list], {
    ci: facts.ci,
    suite: facts.config.imageName,
    report: `/slipway/reports/${list}.xml`,
    extra,
    stage: image.stage,
    version: image.version,
  });

type Tested = {
  readonly list: ListName;
  readonly digest: Digest;
  readonly version: string | null;
  readonly stage: Stage;
};

/** The entry of a pass: the key of design.md, step 3. The code of a prod image is in it, so its digest alone names the code. */
export const passOf = (facts: Facts, { list, digest, version, stage }: Tested): Pass => ({
  type: "pass",
  digest,
  version: version ?? "",
  list,
  ...(stage === "prod" && facts.config.tests[list].prod !== "from_outside"
    ? { commit: "", tree: "" }
    : { commit: facts.git.commit, tree: facts.git.tree }),
  runner: runnerName(list, facts.config.tests[list]),
  platform: testedPlatform(facts.platforms, facts.engine.platform),
});

/** The log's entry that makes a run of this list needless: same image, mounted code, list, runner and platform. */
export function recordedPass(facts: Pick<Facts, "log" | "registries" | "engine">, wanted: Pass) {
  const { digest: _, ...key } = wanted;
  const names = typeof wanted.digest === "string" ? namesOf(facts, wanted.digest) : [];
  return facts.log.findLast((entry) => {
    if (entry.type !== "pass" || typeof entry.digest !== "string" || !names.includes(entry.digest)) return false;
    return sameEntry({ ...key, digest: "" }, { ...entry, digest: "" });
  });
}

/** The digests one image is known by: its manifest's and, in the classic store, its config's. */
function namesOf(facts: Pick<Facts, "registries" | "engine">, digest: string): string[] {
  const inRegistries = Object.values(facts.registries).flatMap((tags) =>
    Object.values(tags).flatMap((state) =>
      state.state === "found" && state.digest === digest && state.config ? [state.config] : [],
    ),
  );
  const inEngine = facts.engine.images.flatMap(({ digests }) => (digests.includes(digest) ? digests : []));
  return [...new Set([digest, ...inRegistries, ...inEngine])];
}

/** pytest's exit code 5: nothing was collected, which is a pass only where the config says so. */
const nothingCollected = (list: ListName, mayBeEmpty: boolean): NonNullable<Command["meaning"]> => ({
  "5": {
    why: `No test was collected, and ${list} tests that do not exist cannot pass.`,
    fix: `Add a test, or set tests: {${list}: {may_be_empty: true}} in repo_config.yaml`,
    ...(mayBeEmpty ? { passes: true as const } : {}),
  },
});

/** Refuses code that is not committed: what was tested could not be named. */
export function assertClean(facts: Facts): void {
  const [first, ...rest] = facts.git.dirty;
  if (first === undefined) return;
  throw new UserError(
    `the code is not committed: ${[first, ...rest].slice(0, 5).join(", ")}${rest.length > 4 ? ` and ${rest.length - 4} more` : ""}`,
    {
      why: "A release is built and tested from a commit, so that anyone can build and test the same.",
      fix: "Commit it: git add --all && git commit; or set it aside: git stash --include-untracked",
    },
  );
}
