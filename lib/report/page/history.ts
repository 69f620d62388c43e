import { type Html, html } from "../../formats/html.ts";
import { type SignedEntry, versionOf } from "../../names/log.ts";
import { minute } from "../../text/units.ts";

/** More than this is for `i release_history`. */
const most = 60;

/** Who released, rolled back, mirrored, skipped and announced what, newest first. */
export function history(log: readonly SignedEntry[]): Html {
  const rows = log.flatMap((entry) => {
    const told = isPartOfRelease(entry, log) ? null : tell(entry);
    return told ? [{ entry, ...told }] : [];
  });
  if (rows.length === 0)
    return html`<section id="history"><h2>History</h2><p class="dim">Nothing happened yet.</p></section>`;
  const older = rows.length - most;
  return html`<section id="history"><h2>History</h2>
<table class="history">
<thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Version</th><th scope="col">Where and why</th><th scope="col">Who</th></tr></thead>
<tbody>${rows
    .toReversed()
    .slice(0, most)
    .map(
      ({ entry, look, what, more }) =>
        html`<tr><td class="when">${minute(entry.at)}</td><td><span class="pill ${look}">${what}</span></td><td><b>${versionOf(entry)}</b></td><td class="wide">${more}</td><td class="dim">${entry.by}</td></tr>`,
    )}</tbody>
</table>
${older > 0 && html`<p class="dim small">${older} older ones: <code>i release_history</code></p>`}
</section>`;
}

/** The move that a release ends with is told by the release. */
const isPartOfRelease = (entry: SignedEntry, log: readonly SignedEntry[]): boolean =>
  entry.type === "flip" &&
  entry.why === "release" &&
  log.some((one) => one.type === "release" && one.stage === entry.tag && one.version === entry.version);

type Told = { readonly look: string; readonly what: string; readonly more: string };

const moves = {
  release: ["plain", "moved"],
  rollback: ["warn", "rolled back"],
  mirror: ["plain", "mirrored"],
} as const;

function tell(entry: SignedEntry): Told | null {
  switch (entry.type) {
    case "release":
      return { look: "good", what: `${entry.stage} released`, more: `to ${entry.registries.join(", ")}` };
    case "flip": {
      if (entry.tag !== "dev" && entry.tag !== "prod") return null;
      const [look, what] = moves[entry.why];
      const reason = entry.reason ? `: ${entry.reason}` : "";
      return { look, what: `${entry.tag} ${what}`, more: `in ${entry.registries.join(", ")}${reason}` };
    }
    case "skip":
      return { look: "bad", what: "skipped", more: `${entry.list} tests: ${entry.why}` };
    case "announce":
      return { look: "plain", what: `${entry.stage} announced`, more: `in ${entry.channel}` };
    default:
      return null;
  }
}
