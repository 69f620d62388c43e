import { type Html, html } from "../../model/html.ts";
import type { Row } from "../status_rows.ts";

const states = {
  ok: ["good", "same"],
  drift: ["bad", "drift"],
  gone: ["bad", "gone"],
  behind: ["warn", "behind by choice"],
  absent: ["plain", "absent"],
  silent: ["bad", "no answer"],
} as const satisfies Record<Row["state"], readonly [string, string]>;

/** A table for each tag: what every registry has behind it, digest in full. */
export function registriesOf(rows: readonly Row[]): Html[] {
  const tags = [...new Set(rows.map(({ tag }) => tag))];
  return tags.map((tag) => {
    const own = rows.filter((row) => row.tag === tag);
    return html`<table class="registries">
<caption><b>${tag}</b></caption>
<thead><tr><th scope="col">Registry</th><th scope="col">State</th><th scope="col">Digest</th></tr></thead>
<tbody>${own.map(line)}</tbody>
</table>`;
  });
}

function line({ registry, state, digest, note }: Row): Html {
  const [look, word] = states[state];
  const more = note.replace(/^(behind by choice|absent)(, )?/, "");
  return html`<tr class="${state}"><td><b>${registry}</b></td><td><span class="pill ${look}">${word}</span></td><td class="wide">${
    digest && html`<code>${digest}</code> `
  }<span class="dim small version">${more}</span></td></tr>`;
}
