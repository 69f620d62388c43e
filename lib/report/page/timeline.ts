import { type Html, html } from "../../formats/html.ts";
import { type SignedEntry, versionOf } from "../../names/log.ts";
import type { Release } from "../../names/releases.ts";
import type { RunRecord } from "../../names/report.ts";
import { fineSeconds, minute } from "../../text/units.ts";
import type { PageFacts } from "./page.ts";

/** How long each step of the release took, from this clone's memory; where another clone made it, what the log says of it. */
export function timelineOf(facts: PageFacts, release: Release): Html {
  const runs = facts.runs.filter(({ stage, version }) => stage === release.stage && version === release.version);
  const run = runs.find(recorded) ?? runs.at(-1);
  const body = run ? stepsOf(run, runs) : entriesOf(facts.log, release);
  return html`<h3>Timeline of the release</h3>${body}`;
}

/** The run that recorded the release did the work; one that was typed again found all done. */
const recorded = ({ steps }: RunRecord): boolean =>
  steps.some(({ id, state }) => id.startsWith("record_release") && state === "done");

const marks: Readonly<Record<string, Html>> = {
  skipped: html`<span class="pill plain">skipped</span>`,
  already: html`<span class="pill plain">already</span>`,
  failed: html`<span class="pill bad">stopped here</span>`,
  open: html`<span class="pill warn">open</span>`,
};

function stepsOf(run: RunRecord, runs: readonly RunRecord[]): Html {
  const whole = run.steps.reduce((sum, { seconds }) => sum + seconds, 0);
  const share = (value: number) => ((value / Math.max(whole, 0.1)) * 100).toFixed(1);
  const start = (at: number) => run.steps.slice(0, at).reduce((sum, { seconds }) => sum + seconds, 0);
  const stopped = runs.filter((one) => one.ended === "stopped" && one !== run).length;
  const earlier = stopped > 0 ? html` · ${stopped} ${stopped === 1 ? "run was" : "runs were"} stopped on the way` : "";
  return html`<p class="dim small"><code>${run.workflow}</code> of ${minute(run.started)} · ${fineSeconds(whole)} in all${earlier}</p>
<table class="timeline">
<thead><tr><th scope="col">Step</th><th scope="col">When</th><th scope="col" class="number">Time</th></tr></thead>
<tbody>${run.steps.map((step, at) => {
    const look = step.state === "failed" ? "fill stopped" : "fill";
    const isShort = step.state === "skipped";
    return html`<tr><td class="label">${step.title} ${marks[step.state]}</td><td class="bar">${
      isShort
        ? ""
        : html`<div class="track"><div class="${look}" style="margin-left:${share(start(at))}%;width:${share(step.seconds)}%"></div></div>`
    }</td><td class="number">${isShort ? "" : fineSeconds(step.seconds)}</td></tr>`;
  })}</tbody>
</table>`;
}

function entriesOf(log: readonly SignedEntry[], release: Release): Html {
  const own = log.filter((entry) => versionOf(entry) === release.version && said(entry, release) !== null);
  return html`<p class="dim small">Made in another clone, by ${release.by}; this is what the log says.</p>
<table class="timeline"><tbody>${own.map(
    (entry) =>
      html`<tr><td class="when">${entry.at.slice(0, 19).replace("T", " ")}</td><td class="wide">${said(entry, release)}</td></tr>`,
  )}</tbody></table>`;
}

function said(entry: SignedEntry, { stage, digest }: Release): string | null {
  if (entry.type === "pass" && entry.digest === digest) return `${entry.list} tests passed`;
  if (entry.type === "skip" && entry.digest === digest) return `${entry.list} tests skipped: ${entry.why}`;
  if (entry.type === "flip" && entry.tag === stage) return `${entry.tag} moved in ${entry.registries.join(", ")}`;
  if (entry.type === "release" && entry.stage === stage) return `released to ${entry.registries.join(", ")}`;
  return null;
}
