import { UserError } from "../errors.ts";
import { gitTag, type ReleaseStage } from "./stage.ts";
import { bump, compareVersions, isVersion, majorMinor, type Version } from "./version.ts";

export type EntryStage = ReleaseStage;
/** One entry of changelog.txt: `# <image>-X.Y.Z`, a date, and what changed. */
export type ChangelogEntry = {
  readonly image: string;
  readonly stage: EntryStage;
  readonly version: Version;
  readonly date: string | null;
  readonly changes: readonly string[];
  readonly line: number;
};
export type Problem = { readonly line: number; readonly what: string; readonly fix: string };
/** When the entry of a release is written: `repo_config.yaml`, release.changelog_update. */
export type ChangelogPolicy = "before_release" | "after_release";

const heading = /^#\s+(\S+)\s*$/;
const named = /^(?<image>[A-Za-z0-9][\w.-]*?)(?<prod>-prod)?-(?<version>\d+\.\d+\.\d+)$/;
/** What `git merge` writes around the two sides. */
const conflict = /^(<{7}|={7}|>{7})( |$)/;
const date = /^- (\d{4}-\d{2}-\d{2})\s*$/;

/** Reads changelog.txt, newest entry first; returns the entries and everything that breaks the format, by line. */
export function readChangelog(
  text: string,
  image: string,
  today?: string,
): { entries: ChangelogEntry[]; problems: Problem[] } {
  const entries: ChangelogEntry[] = [];
  const problems: Problem[] = [];
  const say = (line: number, what: string, fix: string) => problems.push({ line, what, fix });
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  let fence: { readonly mark: string; readonly line: number } | null = null;
  for (const [index, content] of lines.entries()) {
    const line = index + 1;
    if (content.trim() === "") continue;
    const last = entries.at(-1);
    if (conflict.test(content))
      say(line, `"${content.trim()}" is what Git left of a conflict`, "Keep the lines of both sides that are right");
    else if (fence) fence = closes(content, fence.mark) ? null : fence;
    else if (content.startsWith("#")) {
      const entry = parseHeading(content, line);
      if (entry) entries.push(entry);
      else say(line, `"${content.trim()}" names no version`, `Write it like # ${image}-1.2.0`);
    } else if (!last) say(line, `"${content.trim()}" stands before the first entry`, `Start with # ${image}-1.0.0`);
    else {
      const mark = /^\s*(`{3,}|~{3,})/.exec(content)?.[1];
      if (mark) fence = { mark, line };
      entries[entries.length - 1] = withLine(last, content);
    }
  }
  if (fence) say(fence.line, `${fence.mark} opens a block that nothing closes`, `End it with a line ${fence.mark}`);
  return { entries, problems: [...problems, ...problemsOf(entries, image, today)].sort((a, b) => a.line - b.line) };
}

/** A fenced block ends with the mark that it starts with, or a longer one (CommonMark, "Fenced code blocks"). */
const closes = (content: string, mark: string): boolean =>
  content.trim().startsWith(mark) && content.trim().replaceAll(mark.slice(0, 1), "") === "";

function parseHeading(content: string, line: number): ChangelogEntry | undefined {
  const found = content.match(heading)?.[1]?.match(named)?.groups;
  const version = found?.["version"] ?? "";
  if (!found?.["image"] || !isVersion(version)) return undefined;
  return { image: found["image"], stage: found["prod"] ? "prod" : "dev", version, date: null, changes: [], line };
}

function withLine(entry: ChangelogEntry, content: string): ChangelogEntry {
  const day = content.match(date)?.[1];
  if (day) return entry.date === null ? { ...entry, date: day } : entry;
  return content.startsWith("- ") ? { ...entry, changes: [...entry.changes, content.slice(2).trim()] } : entry;
}

function problemsOf(entries: readonly ChangelogEntry[], image: string, today?: string): Problem[] {
  return entries.flatMap((entry, index) => {
    const found: Problem[] = [];
    const say = (what: string, fix: string) => found.push({ line: entry.line, what, fix });
    if (entry.image !== image)
      say(`is for "${entry.image}"`, `This file is of ${image}: write # ${image}-${entry.version}`);
    if (entry.date !== null && !isDay(entry.date))
      say(`has the date "${entry.date}"`, "Use a day that exists, year-month-day");
    if (entry.date !== null && today !== undefined && isDay(entry.date) && entry.date > dayAfter(today))
      say(`is dated ${entry.date}, and today is ${today}`, `Date it the day it is written: - ${today}`);
    if (entry.changes.length === 0) say("tells no change", "Add a line - what changed");
    const older = entries.slice(index + 1).find((other) => other.stage === entry.stage);
    if (older && compareVersions(entry.version, older.version) <= 0)
      say(
        `${entry.version} is not higher than ${older.version} below it`,
        "The newest entry stands first; a version stands once",
      );
    return found;
  });
}

const isDay = (text: string): boolean => {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
};

/** Where the day is that somebody east of here may have already. */
const dayAfter = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/** The entries of a file without problems; throws with file and line at the first problem. */
export function parseChangelog(text: string, image: string, file: string, today?: string): ChangelogEntry[] {
  const { entries, problems } = readChangelog(text, image, today);
  const first = problems[0];
  if (!first) return entries;
  throw new UserError(`${file}:${first.line} ${first.what}`, {
    why: "The version of a container comes from its changelog, so every entry must be readable and in order.",
    fix: first.fix,
  });
}

/** The newest entry of a stage, optionally of one major.minor; `0.0.0`-like absence is undefined. */
export const newest = (
  entries: readonly ChangelogEntry[],
  stage: EntryStage,
  generation?: string,
): ChangelogEntry | undefined =>
  entries
    .filter((entry) => entry.stage === stage && (!generation || majorMinor(entry.version) === generation))
    .sort((a, b) => compareVersions(b.version, a.version))[0];

/** The entry whose version a stage stands at: of dev the newest dev entry, of prod the newest of all, for both are released as prod. */
export const currentEntry = (entries: readonly ChangelogEntry[], stage: ReleaseStage): ChangelogEntry | undefined =>
  newest(stage === "prod" ? entries.map((entry) => ({ ...entry, stage })) : entries, stage);

/** A change without the dash of whoever types it as it stands in the file. */
export const plainChange = (text: string): string => text.replace(/^-\s+/, "");

/** The text of an entry as it stands in the file. */
export const renderEntry = (
  image: string,
  stage: EntryStage,
  version: Version,
  day: string,
  changes: readonly string[],
): string =>
  [
    `# ${image}${stage === "prod" ? "-prod" : ""}-${version}`,
    `- ${day}`,
    ...changes.map((change) => `- ${plainChange(change)}`),
    "",
  ].join("\n");

/**
 * The entry that a release of this version is checked against. A prod release has an entry of its own or, where no
 * prod-only entry of its major.minor is higher, shares that of the dev version of the same number.
 */
function entryFor(version: Version, { entries, stage, policy }: ReleaseCheck): ChangelogEntry | undefined {
  const own = newest(entries, stage, majorMinor(version));
  const shared = entries.find((entry) => entry.version === version);
  const isShared =
    stage === "prod" && policy === "before_release" && !(own && compareVersions(own.version, version) > 0);
  return isShared ? (shared ?? own) : own;
}

export type ReleaseCheck = {
  readonly entries: readonly ChangelogEntry[];
  readonly stage: EntryStage;
  readonly policy: ChangelogPolicy;
  readonly released: readonly Version[];
};

/**
 * Refuses a version that the changelog or the releases so far forbid (design.md, "Decisions"): before_release wants the
 * newest entry of its stage and major.minor to equal it, after_release wants it lower; never lower than what is released. A
 * prod version holds its own code, not that of an entry of its major.minor above it.
 */
export function assertReleasable(version: Version, check: ReleaseCheck): void {
  assertForward(version, check);
  assertEntry(version, check);
  const code = check.entries.find((entry) => majorMinor(entry.version) === majorMinor(version));
  if (check.stage === "dev" || !code || compareVersions(code.version, version) <= 0) return;
  throw new UserError(`the code is ${code.version} by changelog.txt, and would be released as prod ${version}`, {
    why: "The first entry of its major.minor says what the code is, and a version holds its own code, not that of a later one.",
    fix: `Release --version ${code.version}; or go to the commit of ${version} and release it there: git checkout ${gitTag(code.image, "dev", version)}`,
  });
}

function assertForward(version: Version, check: ReleaseCheck): void {
  const top = [...check.released].sort(compareVersions).at(-1);
  if (top && compareVersions(version, top) < 0)
    throw new UserError(`version ${version} is lower than ${top}, which is released`, {
      why: "Versions only go forward; going back is a rollback, which moves the tag and keeps every version.",
      fix: `Pick the next one, e.g. --version ${bump(top, "patch")}, or type: i docker_rollback_${check.stage} --version ${version}`,
    });
}

function assertEntry(version: Version, check: ReleaseCheck): void {
  const entry = entryFor(version, check);
  const order = entry ? compareVersions(entry.version, version) : -1;
  if (check.policy === "before_release" && order !== 0)
    throw new UserError(
      `version ${version} is not the newest ${check.stage} entry of changelog.txt, ${entry?.version ?? `which has none for ${majorMinor(version)}`}`,
      {
        why: "changelog_update is before_release: the entry of a version is written before it is released.",
        fix:
          order > 0
            ? `Release --version ${entry?.version}`
            : `Add the entry: i changelog_add --version ${version} --message "what changed"`,
      },
    );
  if (check.policy === "after_release" && order >= 0 && !check.released.includes(version))
    throw new UserError(`changelog.txt already has ${entry?.version}, not lower than ${version}`, {
      why: "changelog_update is after_release: the entry is added when the release is done.",
      fix: `Pick the next version, e.g. --version ${bump(entry?.version ?? version, "patch")}`,
    });
}
