import { buildStep, imageLabels, isSameBuild } from "../build/build.ts";
import { bringLockBack, localBuild } from "../build/local.ts";
import type { PackageFacts } from "../doors/pyproject.ts";
import { UserError } from "../errors.ts";
import { declaredArgs } from "../formats/dockerfile.ts";
import { type Command, cmd, command } from "../kinds/command.ts";
import { writeFile } from "../kinds/write_file.ts";
import { type ChangelogEntry, newest } from "../names/changelog.ts";
import { engineImage, engineRepository } from "../names/names.ts";
import { gitTag, imageTag } from "../names/stage.ts";
import { type Bump, bump, compareVersions, parseVersion, type Version, versionIn } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import { declaredPackages } from "../python/declared_packages.ts";
import { pipName } from "../python/packages.ts";
import { parseWish, type Wish, withPackage } from "../python/pyproject_edit.ts";
import { addEntry, changelogPath } from "../repo/changelog.ts";
import { keepingEnds } from "../text/exact_text.ts";
import { comparePackages } from "./compare_packages.ts";

export type PackageOptions = {
  readonly name: readonly string[];
  readonly group?: string | undefined;
  readonly version?: Version | undefined;
  readonly bump: Bump;
};

/**
 * What has to be there before the image can be planned: the line in pyproject.toml, and the lock that poetry makes of it in
 * a build of its own, compared with the image so far. Nothing where both know the package already.
 */
export function addPackage(facts: Facts<"engine" | "inputs">, options: PackageOptions, packages: PackageFacts): Step[] {
  const { wish, pyproject, folder } = read(facts, options, packages);
  const declared = declaredPackages(pyproject.value).find(({ name }) => name === pipName(wish.name));
  const asksForIt = declared && (wish.constraint === null || declared.constraint === wish.constraint);
  const isLocked = new RegExp(`^name = "${pipName(wish.name).replaceAll("-", "[-_.]")}"$`, "im").test(
    pyproject.lock ?? "",
  );
  if (asksForIt && isLocked) return [];
  const path = `${folder}/pyproject.toml`;
  const content = asksForIt
    ? pyproject.text
    : keepingEnds(pyproject.text, (text) => withPackage(text, wish, options.group ?? "main"));
  return [
    step("add_to_pyproject", `Ask for ${wish.name} in ${path}; the image and its changelog entry follow`, [
      writeFile({ path, content }),
    ]),
    resolve(facts, options, {
      wish,
      after: asksForIt
        ? `${path} asked for it before this run, and still does: git checkout -- :/${path} takes that back`
        : unchanged,
    }),
    bringLockBack(facts, "resolve"),
    compareWithNow(facts),
  ];
}

const resolvedImage = (facts: Facts): string =>
  `${engineRepository(facts)}:${imageTag("local", facts.user.name)}-resolved`;

/** What a failure puts back; who was killed left the line, and then it is what this run found. */
const unchanged = "pyproject.toml and poetry.lock are as they were";

type Resolve = { readonly wish: Wish /** What the user finds in the tree after a failure. */; readonly after: string };

/** The build in which poetry runs, under a name that no other image has; poetry's own sentence is the reason where it fails. */
function resolve(facts: Facts<"engine" | "inputs">, options: PackageOptions, { wish, after }: Resolve): Step {
  const version = nextVersion(facts, options);
  const build = { version, mode: "refresh" as const, options: { cache: true, buildArg: [] } };
  const meaning = {
    why: "The image could not be built with the package: its last lines above show the cause.",
    fix: `See whether the package index has it: "${wish.name}"; ${after}`,
  };
  const explained = (line: Command): Command =>
    line.digestFile
      ? { ...line, meaning: { "1": meaning }, reason: "Because .*|.*(?:Could not parse|Invalid) .*" }
      : line;
  const made = buildStep(facts, { ...localBuild(facts, build), id: "resolve", reference: resolvedImage(facts) });
  const title = `Let poetry lock ${wish.name} and what it needs`;
  return { ...made, title, do: made.do.map((action) => (command.is(action) ? explained(action) : action)) };
}

/** The image that is in use: the newest local one, else the released one; no other is pulled for it. */
function compareWithNow(facts: Facts<"engine">): Step {
  const repository = engineRepository(facts);
  const tags = (prefix: string): string[] =>
    facts.engine.images.flatMap(({ reference }) =>
      reference.startsWith(`${repository}:${prefix}`) ? [reference.slice(repository.length + 1)] : [],
    );
  const rank = (tag: string): Version => versionIn(tag) ?? parseVersion("0.0.0");
  const newestOf = (all: readonly string[]) => [...all].sort((a, b) => compareVersions(rank(a), rank(b))).at(-1);
  const own = tags(`${imageTag("local", facts.user.name)}-`).filter((tag) => versionIn(tag) !== undefined);
  const tag = newestOf(own) ?? newestOf(tags("dev"));
  const title = "Show what changes in the image";
  if (tag === undefined) return step("compare", title, [], { skip: "the engine has no earlier image of it" });
  const [before, names] = [`${repository}:${tag}`, [tag, "the new image"] as const];
  return step("compare", title, [comparePackages({ before, after: { from: "resolve" }, names })]);
}

/** The image with the package, built from the lock as every release builds it, the entry of its version, and no other image. */
export function buildWithPackage(
  facts: Facts<"engine" | "inputs">,
  options: PackageOptions,
  packages: PackageFacts,
): Step[] {
  const { wish } = read(facts, options, packages);
  const version = nextVersion(facts, options);
  const labels = imageLabels(facts, version, "no_update");
  const local = facts.engine.images.find(({ reference }) => reference === engineImage(facts, "local", version));
  const isBuilt = isSameBuild(local?.labels ?? {}, labels);
  const build = { version, mode: "no_update" as const, options: { cache: true, buildArg: [] } };
  return [
    { ...buildStep(facts, localBuild(facts, build)), skip: isBuilt ? "already built" : null },
    entryStep(facts, { wish, version }),
    ...dropResolved(facts),
  ];
}

/**
 * Drops what the lock came from, of this run or of one that was killed: last, for the image before it is made of the same
 * layers; by force, for the container that brought the lock back may outlive who was killed.
 */
function dropResolved(facts: Facts<"engine">): Step[] {
  const image = resolvedImage(facts);
  if (!facts.engine.images.some(({ reference }) => reference === image)) return [];
  return [step("drop_resolved", "Drop the image that the lock came from", [cmd`docker image rm --force ${image}`])];
}

/** The version that the package comes with: that of the newest entry until it is released, then the next one. */
function nextVersion(facts: Facts, options: PackageOptions): Version {
  const last = newest(facts.changelog, "dev")?.version;
  if (options.version || !last) return options.version ?? parseVersion("1.0.0");
  const isReleased = gitTag(facts.config.imageName, "dev", last) in facts.git.tags;
  return isReleased ? bump(last, options.bump) : last;
}

function entryStep(facts: Facts, { wish, version }: { wish: Wish; version: Version }): Step {
  const change = `Add package ${wish.name}`;
  const entry = facts.changelog.find((one) => one.stage === "dev" && one.version === version);
  const path = changelogPath(facts);
  const title = `Tell of it in ${path}`;
  if (facts.config.release.changelogUpdate === "after_release")
    return step("add_entry", title, [], { skip: "changelog_update is after_release: the release ends with the entry" });
  if (!entry) {
    const [added] = addEntry(facts, { version, bump: "patch", message: [change], prod: false });
    return step("add_entry", title, added?.do ?? []);
  }
  const next = facts.changelog.find(({ line }) => line > entry.line);
  const content = keepingEnds(facts.changelogText ?? "", (text) => withChange(text, next ?? null, change));
  const skip = entry.changes.includes(change) ? "the entry is there" : null;
  return step("add_entry", title, [writeFile({ path, content })], { skip });
}

/** One more line at the end of the entry before the next one. */
function withChange(text: string, next: ChangelogEntry | null, change: string): string {
  const lines = text.split("\n");
  const end = next ? next.line - 1 : lines.length;
  const last = lines.findLastIndex((line, index) => index < end && line.trim() !== "");
  return lines.toSpliced(last + 1, 0, `- ${change}`).join("\n");
}

/** The files that are put back when anything fails: as they are now, null where there is none. */
export function packageFiles(_facts: Facts, { pyproject }: PackageFacts): Readonly<Record<string, string | null>> {
  if (!pyproject) return {};
  const { folder, text, lock, pipList } = pyproject;
  return { [`${folder}/pyproject.toml`]: text, [`${folder}/poetry.lock`]: lock, [`${folder}/pip_list.txt`]: pipList };
}

function read(facts: Facts<"inputs">, options: PackageOptions, { pyproject }: PackageFacts) {
  const [word, ...more] = options.name;
  if (word === undefined || more.length > 0)
    throw new UserError(`${options.name.length} packages were named, not one`, {
      why: "Each package gets its own line, lock and entry.",
      fix: "Name one: i package_add pytest-timeout",
    });
  if (
    !pyproject?.folder.endsWith("devops/docker_build") ||
    !declaredArgs(facts.inputs.dockerfileText).includes("POETRY_MODE")
  )
    throw new UserError(`"${facts.place.dir}" has no packages that poetry locks in its image`, {
      why: "It takes devops/docker_build/pyproject.toml and a dev.Dockerfile that declares POETRY_MODE.",
      fix: "Start from the template: i init_runnable_dir",
    });
  return { wish: parseWish(word), pyproject, folder: pyproject.folder };
}
