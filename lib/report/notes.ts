import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { writeFile } from "../kinds/write_file.ts";
import { newLayers, sizeOf } from "../names/layers.ts";
import { type Release, releaseBefore, releaseInUse, reportVersion } from "../names/releases.ts";
import { writtenBy } from "../names/report.ts";
import { gitTag, imageTag, type ReleaseStage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Step, step } from "../plan/plan.ts";
import type { NotesLook } from "../release/look_releases.ts";
import { bytes, minute } from "../text/units.ts";
import { oneLine } from "../text/visible.ts";
import { changesOf } from "./changes.ts";
import { statusOf } from "./status_rows.ts";

type Seen = Facts<"log"> & NotesLook;
export type NotesOptions = {
  readonly stage: ReleaseStage;
  readonly version?: Version | undefined;
  readonly output?: string | undefined;
};

/** Longer lists are for `git log`. */
const mostCommits = 200;

/** The notes of a version in Markdown, on stdout or in a file. */
export function releaseNotes(known: Facts<"log">, options: NotesOptions, seen: NotesLook): Step[] {
  const facts = { ...known, ...seen };
  const version = reportVersion(facts, options.stage, options.version) ?? nothingToTell(facts);
  const text = notes(facts, options.stage, version);
  const { output } = facts;
  const data = { stage: options.stage, version, markdown: text };
  if (!output) return [step("report", `Tell what ${version} brings`, [announce({ text: text.trimEnd(), data })])];
  const content = `<!-- ${writtenBy} release_notes -->\n\n${text}`;
  return [
    step("write_notes", `Write the notes to ${output.path}`, [writeFile({ path: output.path, content })]),
    step("report", "Show where they are", [announce({ text: `${output.path} is written`, data })]),
  ];
}

const nothingToTell = (facts: Facts): never => {
  throw new UserError(`${facts.config.imageName} has no version yet`, {
    why: "Notes are of a version: a released one, or the newest entry of changelog.txt.",
    fix: "Add the first entry: i changelog_add --message 'First version'",
  });
};

/** Characters that Markdown or HTML would read as markup; backticks stay, they mark code in changelogs. */
const plain = (text: string): string =>
  oneLine(text, 2000)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[[\]\\*_|]/g, "\\$&");
const list = (lines: readonly string[]): string[] => lines.map((line) => `- ${line}`);

function notes(facts: Seen, stage: ReleaseStage, version: Version): string {
  const release = releaseInUse(facts.log, stage, version);
  const before = releaseBefore(facts.log, stage, version);
  const changes = changesOf(facts, stage, version).map(plain);
  const parts = [
    `# ${plain(gitTag(facts.config.imageName, stage, version))}`,
    release
      ? `Released ${minute(release.at)} by ${plain(release.by)}, commit ${release.commit.slice(0, 12)}.`
      : "Not released yet.",
    "## Changes",
    changes.length > 0 ? list(changes).join("\n") : "changelog.txt has no entry for it.",
    before ? `## Commits since ${plain(gitTag(facts.config.imageName, stage, before.version))}` : "## Commits",
    commits(facts),
    ...(release ? ["## Image", ...image(facts, release, before), "## How to get it", how(release)] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

function commits({ commits: all }: Seen): string {
  if (all === null) return "This clone does not have them: `git fetch --unshallow --tags`";
  const lines = list(
    all.slice(0, mostCommits).map(({ hash, author, subject }) => `${hash} ${plain(subject)} (${plain(author)})`),
  );
  const rest = all.length > mostCommits ? ["- and more: `git log`"] : [];
  return all.length > 0 ? [...lines, ...rest].join("\n") : "None.";
}

/** Digest by registry as they answer now, and what one pulls. */
function image(facts: Seen, { stage, version, digest }: Release, before: Release | undefined): string[] {
  const tag = imageTag(stage, "", version);
  const rows = statusOf(facts).rows.filter((row) => row.tag === tag);
  const found = (one: Release | undefined) =>
    facts.images.find((each) => each.stage === stage && each.version === one?.version);
  const [own, older] = [facts.images.find((each) => each.digest === digest), found(before)];
  const table = [
    "| registry | tag | digest |",
    "| --- | --- | --- |",
    ...rows.map(
      (row) =>
        `| ${plain(row.registry)} | ${tag} | ${row.digest === null ? plain(row.note) : `\`${row.digest}\``}${row.state === "drift" ? " **drift**" : ""} |`,
    ),
  ];
  const sizes = (own?.platforms ?? []).map((one) => {
    const had = older?.platforms.find(({ platform }) => platform === one.platform);
    const update = had ? `, ${bytes(sizeOf(newLayers(one, had)))} from ${before?.version}` : "";
    return `- ${one.platform || "image"}: ${bytes(one.size)} from nothing${update}`;
  });
  return [table.join("\n"), ...(sizes.length > 0 ? [["To pull:", "", ...sizes].join("\n")] : [])];
}

const how = ({ stage, version }: Release): string =>
  ["```sh", `i docker_pull --stage ${stage} --version ${version}`, "```"].join("\n");
