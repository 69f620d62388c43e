import { type ListName, listNames } from "../../config/tests.ts";
import { readChangelog } from "../../names/changelog.ts";
import { engineImage } from "../../names/names.ts";
import { releasesOf } from "../../names/releases.ts";
import type { ReleaseStage } from "../../names/stage.ts";
import { majorMinor } from "../../names/version.ts";
import type { LocalImage } from "../../plan/facts.ts";
import { dayOf, shortDigest } from "../../text/units.ts";
import { type Checked, type CheckList, checked, type Subject } from "./line.ts";

/** What differs between the stages: which image is tested, and the line that builds it. */
const stages = {
  dev: { tested: "local", what: "The new image is built locally", build: "docker_build_local" },
  prod: { tested: "prod", what: "The prod image is built from the dev image", build: "docker_build_prod" },
} as const satisfies Record<ReleaseStage, { tested: string; what: string; build: string }>;

/** Before a release: the image, the changelog, all four test lists; other repos and the PR are for a person. */
export function beforeRelease(subject: Subject): CheckList {
  const { facts, stage, version } = subject;
  const row = stages[stage];
  const reference = engineImage(facts, row.tested, version);
  const image = facts.engine.images.find((one) => one.reference === reference);
  const built = checked("image_built", row.what, {
    ok: image !== undefined || subject.release !== undefined,
    value: image
      ? `${reference}, ${shortDigest(image.id)}`
      : (subject.release?.digest ?? `the engine has no ${reference}`),
    fix: `i ${row.build} --version ${version}`,
  });
  return {
    checked: [
      built,
      ...(stage === "prod" ? [baseReleased(subject)] : []),
      changelogUpdated(subject),
      committed(subject),
      ...listNames.map((list) => testsPassed(subject, list, image)),
    ],
    byHand: [
      { id: "goal_achieved", text: "Make sure that the goal of the issue is achieved, e.g., a new package is visible" },
      {
        id: "other_regressions",
        text: "Run the regressions of the other repos that use the image: changelog, fast, slow, superslow",
      },
      { id: "pull_request", text: "Do a PR with the change, changelog.txt and the poetry files" },
    ],
  };
}

function baseReleased({ facts, version }: Subject): Checked {
  const generation = majorMinor(version);
  const base = releasesOf(facts.log, "dev").findLast((one) => majorMinor(one.version) === generation);
  return checked("dev_released", `A dev image of ${generation} is released`, {
    ok: base !== undefined,
    value: base ? `dev ${base.version}, ${shortDigest(base.digest)}` : "none",
    fix: `i docker_release_dev --version ${generation}.0`,
  });
}

/** With changelog_update: after_release the entry has to come later, so here only the format counts. */
function changelogUpdated({ facts, version }: Subject): Checked {
  const problem = readChangelog(facts.changelogText ?? "", facts.config.imageName, dayOf(facts.now)).problems[0];
  const isLater = facts.config.release.changelogUpdate === "after_release";
  const entry = facts.changelog.find((one) => one.version === version);
  const value = isLater
    ? "written when it is released"
    : entry
      ? `line ${entry.line}, ${entry.date ?? "no date"}`
      : "no entry";
  return checked("changelog", "Update the changelog.txt file", {
    ok: !problem && (isLater || entry !== undefined),
    value: problem ? `line ${problem.line} ${problem.what}` : value,
    fix: problem ? "i changelog_check" : `i changelog_add --version ${version} --message "what changed"`,
  });
}

const committed = ({ facts: { git } }: Subject): Checked =>
  checked("committed", "Everything is committed", {
    ok: git.dirty.length === 0,
    value: git.dirty.length === 0 ? git.commit.slice(0, 12) : git.dirty.slice(0, 3).join(", "),
    fix: "git add --all && git commit",
  });

/** The last that the log says of a list for this image; dev mounts the code, so there a pass is of one commit. */
function testsPassed(
  { facts, stage, version, release }: Subject,
  list: ListName,
  image: LocalImage | undefined,
): Checked {
  const names = [...(image ? [image.id, ...image.digests] : []), ...(release ? [release.digest] : [])];
  const last = facts.log.findLast(
    (entry) =>
      (entry.type === "pass" || entry.type === "skip") && entry.list === list && names.includes(String(entry.digest)),
  );
  const isOlder = last?.type === "pass" && stage === "dev" && !release && last.commit !== facts.git.commit;
  const of = last?.type === "pass" && last.commit !== "" ? ` on ${last.commit.slice(0, 12)}` : "";
  return checked(`${list}_tests`, `${list.slice(0, 1).toUpperCase()}${list.slice(1)} tests`, {
    ok: last?.type === "pass" && !isOlder,
    value: !last
      ? "no pass of this image"
      : last.type === "skip"
        ? `skipped by ${last.by}: ${last.why}`
        : `passed${of}${isOlder ? ", which is not this commit" : ` on ${last.at.slice(0, 10)}`}`,
    fix: `i run_${list}_tests --stage ${stages[stage].tested} --version ${version}`,
  });
}
