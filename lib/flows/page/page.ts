import type { Facts } from "../../model/facts.ts";
import { html } from "../../model/html.ts";
import { stagesInPlay } from "../../model/releases.ts";
import { writtenBy } from "../../model/report.ts";
import { minute } from "../../model/units.ts";
import type { StatusLook } from "../../run/look_releases.ts";
import type { Status } from "../status_rows.ts";
import { history } from "./history.ts";
import { stageSection } from "./stage_section.ts";
import { style } from "./style.ts";

/** What the page is made of. */
export type PageFacts = Facts & Pick<StatusLook, "images" | "runs">;

/** Where an image stands, as one HTML page that loads nothing, runs nothing and escapes every value. */
export function statusPage(facts: PageFacts, status: Status): string {
  const name = facts.config.imageName;
  const at = minute(new Date(Number(facts.nonce) * 1000).toISOString());
  const stages = stagesInPlay(facts.log).filter((stage) => status.rows.some(({ tag }) => tag.startsWith(stage)));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="${writtenBy} release_status">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${name}: release status</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${name}</h1>
<p class="dim">${facts.config.repoName} · as of ${at}</p>
<p class="verdict ${status.isWell ? "good" : "bad"}">${sentence(status.verdict)}</p>
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

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
