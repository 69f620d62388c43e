import { announce } from "../kinds/announce.ts";
import { type Chosen, chooseImage, shownImage } from "../model/choose_image.ts";
import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { isNamedBy, type Linter } from "../model/lint.ts";
import { type Step, step } from "../model/plan.ts";
import { quote } from "../model/render_plan.ts";
import { oneLine } from "../model/visible.ts";
import type { LintLook, LintOptions } from "../run/look_lint.ts";
import { runContainer, shellText } from "./container.ts";
import { pullOf } from "./ecr.ts";
import { pullIfMissing } from "./pull.ts";

type Job = Linter & { readonly meant: readonly string[] };

/** The configured linters in their container, each on the files of its kind; with `--check` nothing is changed. */
export function lint(facts: Facts, options: LintOptions, seen: LintLook): Step[] {
  const { linters, entrypoint } = seen.settings;
  if (linters.length === 0) throw noLinters();
  const jobs = linters.flatMap((linter): Job[] => {
    const meant = seen.files.filter((path) => linter.files.some((pattern) => isNamedBy(pattern, path)));
    return meant.length > 0 ? [{ ...linter, meant }] : [];
  });
  const told = tellLeftOut(seen, options, jobs);
  const count = new Set(jobs.flatMap(({ meant }) => meant)).size;
  if (count === 0) return [step("tell", "Report that there is nothing to lint", [announce(nothing(told))])];
  const { image, pull } = imageOf(facts, seen);
  const text = shellText(facts, scriptOf(jobs, options.check));
  const run = runContainer(facts, {
    id: "lint",
    title: `${options.check ? "Check" : "Lint"} ${count} file${count === 1 ? "" : "s"} in ${shownImage(image)}`,
    ...{ image, what: image.reference, cwd: facts.place.dir, entrypoint, ...text },
    withoutEntrypoint: "set lint: {entrypoint: false} in repo_config.yaml",
    does: "the linters",
    shown: true,
  });
  const tell = told.length > 0 ? [step("tell", "Show what is left out", [announce({ text: told.join("\n") })])] : [];
  return [...pull, ...tell, run];
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
  { image, settings }: LintLook,
): { readonly image: Chosen; readonly pull: readonly Step[] } {
  if ("look" in image) {
    const known = { ...facts, ...image.look };
    const stage = settings.image && "stage" in settings.image ? settings.image.stage : "dev";
    const chosen = chooseImage(known, stage, null);
    // Code is mounted into it as into a dev image: what is linted is the tree.
    return { image: { ...chosen, stage: "dev" }, pull: pullIfMissing(known, chosen) };
  }
  const { reference, engine } = image;
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
