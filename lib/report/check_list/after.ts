import { isAnnouncementOpen } from "../../names/log.ts";
import { lastFlip, type Release } from "../../names/releases.ts";
import { gitTag, imageTag, type ReleaseStage } from "../../names/stage.ts";
import { minute } from "../../text/units.ts";
import { announcement } from "../announce.ts";
import { type Row, statusOf } from "../status_rows.ts";
import { type Checked, type CheckList, checked, type Subject } from "./line.ts";

/** What differs between the stages: the line that brings registries up, and what is left for a person. */
const stages = {
  dev: {
    mend: "release_mirror",
    byHand: [
      { id: "integration", text: "Make an integration with the repos that share the code, to copy all the changes" },
      { id: "users_pulled", text: "Tell users who do not read the channel to do i docker_pull" },
    ],
  },
  prod: {
    mend: "release_mirror --stage prod",
    byHand: [
      { id: "deployed", text: "Update what runs the image, e.g., the task definition" },
      { id: "users_pulled", text: "Tell users who do not read the channel to do i docker_pull --stage prod" },
    ],
  },
} as const satisfies Record<ReleaseStage, { mend: string; byHand: CheckList["byHand"] }>;

/** After a release: every registry has it, the mutable tag is it, Git and changelog know it, the team was told. */
export function afterRelease(subject: Subject): CheckList {
  const { facts, stage, version, release } = subject;
  const { mend, byHand } = stages[stage];
  const released = checked("released", "The release is recorded", {
    ok: release !== undefined,
    value: release ? `${minute(release.at)} by ${release.by}` : "the log does not know it",
    fix: `i docker_release_${stage} --version ${version}`,
  });
  if (!release) return { checked: [released], byHand };
  const { rows } = statusOf(facts);
  const line = `i ${mend} --version ${version}`;
  return {
    checked: [
      released,
      ...rows.filter(({ tag }) => tag === imageTag(stage, "", version)).map((row) => inRegistry(row, release, line)),
      mutableTag(subject, rows, line),
      gitTagThere(subject),
      changelogEntry(subject),
      told(subject, release),
    ],
    byHand,
  };
}

function inRegistry(row: Row, { digest }: Release, line: string): Checked {
  const isThere = row.digest === digest;
  return checked(
    `pushed_to_${row.registry.replaceAll(/\W+/g, "_").toLowerCase()}`,
    `Push the new image to ${row.registry}`,
    {
      ok: isThere || row.state === "behind",
      value: isThere
        ? digest
        : row.state === "behind" || row.digest === null
          ? row.note
          : `another image, ${row.digest}`,
      fix: row.state === "silent" ? `i docker_login --target-registries ${row.registry}` : line,
    },
  );
}

/** A hotfix below the current prod leaves prod where it is; a rollback took the version back on purpose. */
function mutableTag({ facts, stage, version }: Subject, rows: readonly Row[], line: string): Checked {
  const own = rows.filter(({ tag }) => tag === stage);
  const bad = own.filter(
    ({ state }) => state === "drift" || state === "silent" || state === "absent" || state === "gone",
  );
  const last = lastFlip(facts.log, stage);
  const isOther = last !== undefined && last.version !== version;
  return checked("mutable_tag", `${stage} is the same in every registry`, {
    ok: bad.length === 0 && own.length > 0,
    value:
      bad.length > 0
        ? bad
            .map(
              ({ registry, state }) =>
                `${registry} ${state === "silent" ? "does not answer" : state === "gone" ? "absent" : state}`,
            )
            .join(", ")
        : isOther
          ? `${last.version}, moved by ${last.by} (${last.why})`
          : version,
    fix: line,
  });
}

function gitTagThere({ facts, stage, version, release }: Subject): Checked {
  const tag = gitTag(facts.config.imageName, stage, version);
  const commit = facts.git.remote ? facts.remoteTags[tag] : facts.git.tags[tag];
  return checked("git_tag", `Git has the tag ${tag}`, {
    ok: commit !== undefined && commit === release?.commit,
    value: commit ? commit.slice(0, 12) : "no such tag",
    fix: commit
      ? `git show ${tag}: it names another commit than the release, ${release?.commit.slice(0, 12)}`
      : `i docker_push_${stage} --version ${version}`,
  });
}

function changelogEntry({ facts, version }: Subject): Checked {
  const entry = facts.changelog.find((one) => one.version === version);
  return checked("changelog", "The changelog tells what changed", {
    ok: entry !== undefined,
    value: entry ? `line ${entry.line}, ${entry.date ?? "no date"}` : "no entry",
    fix: `i changelog_add --version ${version} --message "what changed"`,
  });
}

function told({ facts }: Subject, release: Release): Checked {
  const entry = announcement(facts, release);
  return checked("announced", "Send a message on Slack that the new version is released", {
    ok: entry !== undefined,
    value: entry
      ? `${minute(entry.at)} by ${entry.by}`
      : isAnnouncementOpen(facts.log, release)
        ? "begun, and not known to be there"
        : "not yet",
    fix: `i release_announce --stage ${release.stage} --version ${release.version}`,
  });
}
