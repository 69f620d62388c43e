import { isNamedBy, type Linter } from "../config/lint.ts";
import { type Run, runContainer, shellText } from "../container/compose_file.ts";
import { pullOf } from "../container/ecr_login.ts";
import { pullIfMissing } from "../container/pull.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { command } from "../kinds/command.ts";
import { type Chosen, chooseImage, shownImage } from "../names/choose_image.ts";
import { assertEngine } from "../names/engine.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { oneLine } from "../text/visible.ts";
import type { LintLook, LintOptions } from "./look_lint.ts";
import { snapshotOf } from "./tests.ts";

type Job = Linter & { readonly meant: readonly string[] };

/** The configured linters in their container, each on the files of its kind; with `--check` nothing is changed. */
export function lint(facts: Facts, options: LintOptions, seen: LintLook): Step[] {
  const jobs = jobsOf(seen);
  const told = tellLeftOut(seen, options, jobs);
  if (jobs.length === 0) return [step("tell", "Report that there is nothing to lint", [announce(nothing(told))])];
  const { image, pull } = imageOf(facts, seen);
  const run = runLinters(facts, seen, { id: "lint", image, jobs, check: options.check, shown: true });
  const tell = told.length > 0 ? [step("tell", "Show what is left out", [announce({ text: told.join("\n") })])] : [];
  return [...pull, ...tell, run];
}

/** Before a release builds: the linters on all files of the commit, which they may not change. */
export function lintGate(facts: Facts, seen: LintLook, skip: string | null): Step[] {
  const jobs = jobsOf(seen);
  const title = "Check the files with the linters";
  if (skip !== null || jobs.length === 0) return [step("run_lint", title, [], { skip: skip ?? "no file to lint" })];
  const { image, pull } = imageOf(facts, seen);
  const code = snapshotOf(facts, { list: "lint", image });
  const more = { code: code.make.path, before: [code.make], after: [code.remove] };
  return [...pull, runLinters(facts, seen, { id: "run_lint", image, jobs, check: true, ...more })];
}

function jobsOf({ settings: { linters }, files }: LintLook): readonly Job[] {
  if (linters.length === 0) throw noLinters();
  return linters.flatMap((linter): Job[] => {
    const meant = files.filter((path) => linter.files.some((pattern) => isNamedBy(pattern, path)));
    return meant.length > 0 ? [{ ...linter, meant }] : [];
  });
}

type Linting = Pick<Run, "id" | "image" | "shown" | "code" | "before" | "after"> & {
  readonly jobs: readonly Job[];
  readonly check: boolean;
};

function runLinters(facts: Facts, seen: LintLook, { jobs, check, ...run }: Linting): Step {
  const count = new Set(jobs.flatMap(({ meant }) => meant)).size;
  const text = shellText(facts, scriptOf(jobs, check));
  const made = runContainer(facts, {
    ...run,
    title: `${check ? "Check" : "Lint"} ${count} file${count === 1 ? "" : "s"} in ${shownImage(run.image)}`,
    ...{ what: run.image.reference, cwd: facts.place.dir, entrypoint: seen.settings.entrypoint, withoutEngine: true },
    ...{ argv: text.argv, mounts: text.mounts, before: [...(run.before ?? []), ...text.before] },
    withoutEntrypoint: "set lint: {entrypoint: false} in repo_config.yaml",
    does: "the linters",
  });
  if (!("reference" in seen.image) || !seen.image.ofOthers) return made;
  return { ...made, do: made.do.map((one) => (command.is(one) && one.container ? { ...one, ofRepo: "lint" } : one)) };
}

const nothing = (told: readonly string[]) => ({
  text: [...told, "no file to lint"].join("\n"),
  data: { files: [] },
});

const noLinters = (): UserError =>
  new UserError("no linter is configured", {
    why: "lint: of repo_config.yaml says which commands look at which files.",
    fix: 'Add it: lint: {files: {python: {names: ["*.py"], fix: [[ruff, check, --fix]], check: [[ruff, check]]}}}',
  });

/** Files that were meant and are not linted; of those that were named also what no linter is for. */
function tellLeftOut(seen: LintLook, { files, words = [] }: LintOptions, jobs: readonly Job[]): readonly string[] {
  const isNamed = files.length + words.length > 0;
  const known = new Set(jobs.flatMap(({ meant }) => meant));
  const others = isNamed ? seen.files.filter((path) => !known.has(path)) : [];
  const isOfKind = (path: string) =>
    isNamed || seen.settings.linters.some((linter) => linter.files.some((pattern) => isNamedBy(pattern, path)));
  return [
    ...seen.leftOut.filter(({ path }) => isOfKind(path)),
    ...others.map((path) => ({ path, why: "has no linter" })),
  ].map(({ path, why }) => `${oneLine(path, Number.POSITIVE_INFINITY)} ${why}, and is left out`);
}

function imageOf(
  facts: Facts,
  { image, settings, engine }: LintLook,
): { readonly image: Chosen; readonly pull: readonly Step[] } {
  assertEngine(engine, ["compose"]);
  if ("look" in image) {
    const known = { ...facts, ...image.look, engine };
    const stage = settings.image && "stage" in settings.image ? settings.image.stage : "dev";
    const chosen = chooseImage(known, stage, null);
    // Code is mounted into it as into a dev image: what is linted is the tree.
    return { image: { ...chosen, stage: "dev" }, pull: pullIfMissing(known, chosen) };
  }
  const { reference } = image;
  const local = engine.images.find((one) => one.reference === reference) ?? null;
  const skip = local ? "the engine has it" : null;
  return {
    image: { reference, tag: reference.slice(reference.lastIndexOf(":") + 1), stage: "dev", version: null, local },
    pull: [step("docker_pull", `Pull ${reference}`, pullOf(facts, reference), { skip })],
  };
}

/** Bytes of names behind one command, well below what Linux lets a command have (execve(2), "Limits on size"). */
const mostBytes = 100_000;

/** All commands, of which each is run whatever the ones before it said; the code is that of the last one that failed. */
function scriptOf(jobs: readonly Job[], isCheck: boolean): string {
  const lines = jobs.flatMap(({ fix, check, meant }) => {
    const commands = isCheck || fix.length === 0 ? check : fix;
    return commands.flatMap((words) =>
      // A name that starts with a dash would be an option.
      portions(meant).map((files) => [...words, ...files.map((path) => `./${path}`)].map(quote).join(" ")),
    );
  });
  return ["code=0", ...lines.map((line) => `${line} || code=$?`), 'exit "$code"'].join("\n");
}

function portions(files: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [[]];
  let bytes = 0;
  for (const file of files) {
    bytes += Buffer.byteLength(file) + 3;
    if (bytes > mostBytes) {
      all.push([]);
      bytes = Buffer.byteLength(file) + 3;
    }
    all.at(-1)?.push(file);
  }
  return all;
}
