import { posix } from "node:path";
import { type Choice, type ChosenDir, type NewDir, shownTest } from "../config/new_dir.ts";
import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { writeFile } from "../kinds/write_file.ts";
import { parseImageName } from "../names/image.ts";
import type { Facts } from "../plan/facts.ts";
import { type Action, type Step, step } from "../plan/plan.ts";
import { dayOf } from "../text/units.ts";
import { devcontainerFiles, type RootFile } from "./devcontainer.ts";
import { getsSample, lacksLock, newFiles } from "./new_dir_files.ts";

/** Adds the toolchain to new or existing dirs; a file that is there is never overwritten. */
export function initRunnableDirs(
  facts: Facts,
  options: ExtraOptions,
  { dirs }: { readonly dirs: readonly ChosenDir[] },
): Step[] {
  assertOneEach(dirs);
  return dirs.flatMap((one) =>
    initRunnableDir(facts, one, { ...options, id: dirs.length > 1 ? `_${idOf(one.dir)}` : "" }),
  );
}

const idOf = (dir: string): string => (dir === "." ? "root" : dir.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_"));

function assertOneEach(dirs: readonly ChosenDir[]): void {
  const clash = dirs.find(({ choice }, at) => dirs.findIndex((other) => other.choice.name === choice.name) !== at);
  if (!clash) return;
  throw new UserError(`two dirs would have the image ${clash.choice.name}`, {
    why: "Tags, claims and logs of all runnable dirs share one namespace.",
    fix: `Name one of them apart: i init_runnable_dir --dir ${clash.dir} --name NAME`,
  });
}

/** What is written on request. */
export type ExtraOptions = { readonly devcontainer?: boolean; readonly schema?: boolean };

type How = ExtraOptions & {
  /** Sets the steps of several dirs apart. */
  readonly id?: string;
  /** How a release is typed then. */
  readonly release?: string;
  /** Where Slipway is going to lie in the repo. */
  readonly slipway?: string;
  /** What comes into the repo beside the files of the toolchain. */
  readonly brings?: readonly string[];
};

/**
 * Adds the toolchain to a new or existing dir: the template's files that its Dockerfile uses, under the chosen name. A dir
 * with code of its own gets no sample of code and tests, and only its fast tests as a gate.
 */
export function initRunnableDir(facts: Facts, chosen: ChosenDir, how: How = {}): Step[] {
  const { dir, seen, choice } = chosen;
  assertFree(seen, choice.name);
  const editors = editorsLine(chosen, how);
  const { id = "", release = "i docker_release_dev", brings = [] } = how;
  const prefix = dir === "." ? "" : `${dir}/`;
  const files = allFiles(facts, chosen, how);
  const added = files.filter(({ isThere }) => !isThere);
  const kept = files.filter(({ isThere }) => isThere).map(({ path }) => path);
  const writes = added.map(
    ({ path, content, executable }): Action => writeFile({ path, content, ...(executable ? { mode: "0755" } : {}) }),
  );
  const text = [
    ...brings.map((path) => `added ${path}`),
    ...added.map(({ path }) => `added ${path}`),
    ...kept.map((path) => `kept ${path}, which was there`),
    ...notes(seen, choice, prefix),
    ...(editors !== null && kept.includes(`${prefix}${configFile}`)
      ? [`editors know ${prefix}${configFile} by the line, as its first: ${editors}`]
      : []),
    nextLine(seen, choice, release),
  ].join("\n");
  const data = { added: added.map(({ path }) => path), kept };
  return [
    step(`write_template${id}`, `Add ${added.length} files of the toolchain to ${dir}`, writes, {
      skip: added.length === 0 ? "every file is there" : null,
    }),
    step(`tell${id}`, "Show what to do next", [announce({ text, data })]),
  ];
}

const configFile = "repo_config.yaml";

/**
 * The first line of a config, by which editors find what it may hold (yaml-language-server, "Using inlined schema"); null where
 * nobody asks for it.
 */
export function editorsLine({ dir, seen }: ChosenDir, { schema, slipway }: How): string | null {
  if (schema !== true) return null;
  const at = slipway ?? seen.slipwayAt;
  if (at !== null)
    return `# yaml-language-server: $schema=${posix.relative(dir, `${at}/thin_client/repo_config.schema.json`)}`;
  throw new UserError("Slipway is not in this repo", {
    why: "The line names the schema by its path, which has to be there in every clone.",
    fix: "Add Slipway first: i init --as submodule; or leave --schema out",
  });
}

type FoundFile = RootFile & { readonly isThere: boolean };

/** All files by their paths from the repo's root. */
function allFiles({ now }: Facts, chosen: ChosenDir, how: How): readonly FoundFile[] {
  const { dir, seen, choice } = chosen;
  const prefix = dir === "." ? "" : `${dir}/`;
  const editors = editorsLine(chosen, how);
  const own = newFiles(seen, choice, dayOf(now)).map((file) => ({
    ...file,
    content: editors !== null && file.path === configFile ? `${editors}\n${file.content}` : file.content,
    path: `${prefix}${file.path}`,
    isThere: seen.existing.includes(file.path),
  }));
  const extra = how.devcontainer === true ? devcontainerFiles(chosen) : [];
  return [...own, ...extra.map((file) => ({ ...file, isThere: seen.devcontainer.includes(file.path) }))];
}

/** The question to a person who has just answered, before the first file is written; nobody else is asked. */
export const asksRunnableDirs = (
  facts: Facts,
  options: ExtraOptions,
  { dirs, answered }: { readonly dirs: readonly ChosenDir[]; readonly answered: boolean },
): string | null => (answered ? asksNewDirs(facts, dirs, options) : null);

/** What is about to be written, and the question whether it may. */
export function asksNewDirs(facts: Facts, dirs: readonly ChosenDir[], options: How): string {
  const shown = dirs.flatMap((chosen) => {
    const { dir, choice } = chosen;
    const files = allFiles(facts, chosen, options).filter(({ isThere }) => !isThere);
    const registries = choice.registries.length > 0 ? choice.registries.join(", ") : "a registry that you still name";
    return [
      `${dir}: the image ${choice.name} for ${registries}, built from ${choice.dockerfile ?? "a new Dockerfile"}, tested by ${shownTest(choice.test)}`,
      ...files.map(({ path }) => `  ${path}`),
    ];
  });
  return [...shown, "Write these files?"].join("\n");
}

/** What is not as somebody may expect it. */
function notes(seen: NewDir, choice: Choice, prefix: string): string[] {
  const { needs } = seen;
  return [
    ...(getsSample(seen) && choice.dockerfile === null ? [] : [sampleNote(seen, choice, prefix)]),
    ...(lacksLock(seen, choice)
      ? [`${needs.taken.length} Python packages of the repo are in ${prefix}devops/docker_build/pyproject.toml`]
      : []),
    ...(lacksLock(seen, choice) ? needs.left.map((line) => `not in it, add it by hand: ${line}`) : []),
  ];
}

function sampleNote({ ownTests }: NewDir, { test }: Choice, prefix: string): string {
  const why = ownTests === null ? "there is code" : `${prefix}${ownTests} is there`;
  const gate =
    test.length === 0
      ? "Nothing is a gate: name what tests it in repo_config.yaml, tests.fast.command, and release.gates: [fast]."
      : `The gate is ${shownTest(test)}; name slow and qa in repo_config.yaml once there are some.`;
  return `No sample of code and tests: ${why}. ${gate}`;
}

function nextLine(seen: NewDir, choice: Choice, release: string): string {
  const first = choice.registries.length > 0 ? "" : "set the addresses in repo_config.yaml, ";
  const update = lacksLock(seen, choice) ? " --update-poetry" : "";
  return `Next: ${first}git add --all && git commit, then ${release}${update}`;
}

/** Throws where the name is not legal, or another runnable dir of the repo has it. */
function assertFree({ otherImages }: NewDir, text: string): void {
  const name = parseImageName(text, "--name");
  const clash = otherImages.find((other) => other.image === name);
  if (!clash) return;
  throw new UserError(`the image name "${name}" is taken by ${clash.dir}`, {
    why: "Tags, claims and logs of all runnable dirs share one namespace.",
    fix: "Choose another --name",
  });
}
