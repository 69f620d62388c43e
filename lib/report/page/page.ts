import { type Html, html } from "../../formats/html.ts";
import { lastOf } from "../../names/log.ts";
import { lastFlip, releaseInUse, stagesInPlay } from "../../names/releases.ts";
import { writtenBy } from "../../names/report.ts";
import type { ReleaseStage } from "../../names/stage.ts";
import type { Facts } from "../../plan/facts.ts";
import type { StatusLook } from "../../release/look_releases.ts";
import { minute } from "../../text/units.ts";
import type { Status } from "../status_rows.ts";
import { history } from "./history.ts";
import { stageSection } from "./stage_section.ts";
import { style } from "./style.ts";

/** What the page is made of. */
export type PageFacts = Facts<"log" | "refs"> & Pick<StatusLook, "images" | "runs">;

/** Where an image stands, as one HTML page that loads nothing, runs nothing and escapes every value. */
export function statusPage(facts: PageFacts, status: Status): string {
  const { imageName: name, repoName } = facts.config;
  const at = minute(new Date(facts.now).toISOString());
  const stages = stagesInPlay(facts.log).filter((stage) => status.rows.some(({ tag }) => tag.startsWith(stage)));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="${writtenBy} release_status">
<meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name}: release status</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${name}</h1>
<p class="dim">${repoName !== name && `${repoName} · `}as of ${at}</p>
${verdicts(facts, status, stages)}
<nav aria-label="On this page">${stages.map((stage) => html`<a href="#${stage}">${stage} ${releaseInUse(facts.log, stage)?.version}</a> `)}<a href="#history">History</a></nav>
</header>
<main>
${stages.map((stage) => stageSection(facts, status, stage))}
${history(facts.log)}
</main>
<footer>Written by <code>i release_status --html</code> from registries and the log in Git.</footer>
</body>
</html>
`;
  return page.html;
}

/** How things stand, the worst colour first: green is only what agrees and is where the last release brought it. */
function verdicts({ log, refs }: PageFacts, { isWell, verdict }: Status, stages: readonly ReleaseStage[]): Html {
  const back = stages.flatMap((stage) => rollbackOf(log, stage) ?? []);
  const held = refs.held.map(({ ref, says }) => `${ref} ${says}`);
  const warned = [...back, ...held].map((text) => html`<p class="verdict warn">${sentence(text)}</p>`);
  const fault = refs.fault && html`<p class="verdict bad">${sentence(refs.fault.what)}</p>`;
  const isGood = isWell && !fault && warned.length === 0;
  const look = isGood ? "good" : isWell ? "plain" : "bad";
  const main = html`<p class="verdict ${look}">${sentence(verdict)}</p>`;
  return isWell ? html`${fault}${warned}${main}` : html`${main}${fault}${warned}`;
}

/** Who took a stage back, and from what; null where its last move went forward. */
function rollbackOf(log: PageFacts["log"], stage: ReleaseStage): string | null {
  const last = lastFlip(log, stage);
  if (last?.why !== "rollback") return null;
  const left = Object.values(last.from).find((digest) => digest !== null && digest !== last.to);
  const from = left ? lastOf(log.slice(0, log.indexOf(last)), left)?.version : undefined;
  const reason = last.reason ? `: ${last.reason}` : "";
  return `${stage} was rolled back${from ? ` from ${from}` : ""} to ${last.version} by ${last.by}${reason}`;
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
