import { listNames } from "../../config/tests.ts";
import { type Html, html } from "../../formats/html.ts";
import { newLayers, sizeOf } from "../../names/layers.ts";
import { isAnnouncementOpen } from "../../names/log.ts";
import {
  comparedReleases,
  lastFlip,
  type Release,
  releaseBefore,
  releaseInUse,
  rolledBack,
} from "../../names/releases.ts";
import type { ReleaseStage } from "../../names/stage.ts";
import { bytes, minute } from "../../text/units.ts";
import { changesOf } from "../changes.ts";
import type { Status } from "../status_rows.ts";
import { type Charted, chartOf } from "./chart.ts";
import { digestOf } from "./digest.ts";
import { type Images, layersOf, olderLayersOf } from "./layers.ts";
import { packagesOf } from "./packages.ts";
import type { PageFacts } from "./page.ts";
import { registriesOf } from "./registries.ts";
import { timelineOf } from "./timeline.ts";

/** One stage: what it is, where it is, what one pulls, and how its last release went. */
export function stageSection(facts: PageFacts, status: Status, stage: ReleaseStage): Html {
  const rows = status.rows.filter(({ tag }) => tag === stage || tag.startsWith(`${stage}-`));
  const release = releaseInUse(facts.log, stage, facts.versionFrom === "option" ? facts.version : null);
  if (!release)
    return html`<section id="${stage}"><h2>${stage}</h2><p class="dim">Nothing has been released yet.</p>${registriesOf(rows)}</section>`;
  const before = releaseBefore(facts.log, stage, release.version);
  const imageOf = (one: Release | undefined) =>
    facts.images.find((image) => image.stage === stage && image.version === one?.version);
  const images = { image: imageOf(release), before: imageOf(before) };
  const compared = comparedReleases(facts.log, stage, release).map(imageOf);
  const others = compared
    .map((image, at): Images => ({ image, before: compared[at - 1] }))
    .filter(({ image }) => image?.version !== release.version)
    .toReversed();
  const back = lastFlip(facts.log, stage);
  const rollback = back?.why === "rollback" && back.version === release.version ? back : undefined;
  return html`<section id="${stage}">
<h2>${stage} ${release.version} ${rollback && html`<span class="pill warn">rolled back to</span>`}</h2>
<dl>
<dt>Released</dt><dd>${minute(release.at)} by ${release.by}, commit <code>${release.commit.slice(0, 12)}</code></dd>
${rollback && html`<dt>Rolled back</dt><dd>${minute(rollback.at)} by ${rollback.by}${rollback.reason ? `: ${rollback.reason}` : ""}</dd>`}
<dt>Image</dt><dd>${digestOf(release.digest)}</dd>
<dt>Tests</dt><dd>${testsOf(facts, release)}</dd>
<dt>To pull</dt><dd>${pullOf(images, before?.version)}</dd>
<dt>Announced</dt><dd>${announced(facts, release)}</dd>
<dt>Changes</dt><dd>${changes(facts, release)}</dd>
</dl>
<h3>Registries</h3>
${registriesOf(rows)}
${timelineOf(facts, release)}
${chartOf(charted(facts.log, stage, compared), images.image?.platforms[0]?.platform)}
${packagesOf(images, before?.version)}
${layersOf(images)}
${olderLayersOf(others)}
</section>`;
}

/** What passed and what was left out, as the log has it for this image; the classic store knew it by another digest. */
function testsOf({ log }: PageFacts, { digest, version }: Release): Html[] {
  const known = log.flatMap((entry) => (entry.type === "pass" || entry.type === "skip" ? [entry] : []));
  const own = known.filter((entry) => entry.digest === digest);
  const entries = own.length > 0 ? own : known.filter((entry) => entry.version === version);
  const pills = listNames.flatMap((list) => {
    const last = entries.findLast((entry) => entry.list === list);
    if (!last) return [];
    return [
      last.type === "pass"
        ? html`<span class="pill good">${list} passed</span>`
        : html`<span class="pill bad">${list} skipped: ${last.why}</span>`,
    ];
  });
  return pills.length > 0 ? pills : [html`<span class="dim">The log knows of none.</span>`];
}

/** What became of each version that is compared. */
function charted(log: PageFacts["log"], stage: ReleaseStage, images: readonly Images["image"][]): Charted[] {
  const inUse = releaseInUse(log, stage)?.version;
  return images.flatMap((image) => {
    if (!image) return [];
    const isBack = rolledBack(log, stage, image.version) !== undefined;
    return [{ image, mark: image.version === inUse ? "in use" : isBack ? "rolled back" : null }];
  });
}

/** What a machine fetches that has nothing, and what one that has the version before. */
function pullOf({ image, before }: Images, version: string | undefined): Html | string | readonly Html[] {
  if (!image || image.platforms.length === 0) return `not known: ${image?.why ?? "not looked at"}`;
  return image.platforms.map((one) => {
    const had = before?.platforms.find(({ platform }) => platform === one.platform);
    const update = had && version ? html`, <b>${bytes(sizeOf(newLayers(one, had)))}</b> from ${version}` : "";
    return html`<p>${one.platform || "image"}: <b>${bytes(one.size)}</b> from nothing${update}</p>`;
  });
}

function announced({ log }: PageFacts, { stage, version }: Release): Html | string {
  const entry = log.findLast((one) => one.type === "announce" && one.stage === stage && one.version === version);
  if (entry) return `${minute(entry.at)} by ${entry.by}`;
  const isOpen = isAnnouncementOpen(log, { stage, version });
  return html`<span class="dim">${isOpen ? "begun, and not known to be there" : "not yet"}</span>`;
}

function changes(facts: PageFacts, { stage, version }: Release): Html {
  const lines = changesOf(facts, stage, version);
  if (lines.length === 0) return html`<span class="dim">changelog.txt has no entry for it.</span>`;
  return html`<ul class="changes">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}
