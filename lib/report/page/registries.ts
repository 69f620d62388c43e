import { type Html, html } from "../../formats/html.ts";
import type { Row } from "../status_rows.ts";
import { digestOf } from "./digest.ts";

const states = {
  ok: ["good", "ok"],
  drift: ["bad", "drift"],
  gone: ["bad", "gone"],
  behind: ["warn", "behind by choice"],
  absent: ["plain", "absent"],
  silent: ["bad", "no answer"],
} as const satisfies Record<Row["state"], readonly [string, string]>;

/** What is the same everywhere, once: the tags and registries that share a digest and a state. */
type Line = Pick<Row, "digest" | "state"> & {
  readonly tags: readonly string[];
  readonly registries: readonly string[];
  readonly notes: readonly string[];
};

/** What is behind each tag in each registry, equal digests told once. */
export function registriesOf(rows: readonly Row[]): Html {
  return html`<table class="registries">
<thead><tr><th scope="col">Tag</th><th scope="col">Digest</th><th scope="col">Registries</th><th scope="col">State</th></tr></thead>
<tbody>${linesOf(rows).map(line)}</tbody>
</table>`;
}

/** First the registries that agree on a tag, then the tags on which the same registries agree. */
function linesOf(rows: readonly Row[]): readonly Line[] {
  const byTag = rows.map(
    ({ tag, registry, digest, state, note }): Line => ({
      ...{ tags: [tag], registries: [registry], digest, state },
      notes: [note.replace(/^(behind by choice|absent)(, )?/, "")].filter((text) => text !== ""),
    }),
  );
  const agreed = merged(byTag, ({ tags, digest, state, notes }) => [tags, digest, state, notes]);
  return merged(agreed, ({ registries, digest, state }) => [registries, digest, state]);
}

function merged(lines: readonly Line[], keyOf: (line: Line) => unknown): readonly Line[] {
  const all = new Map<string, Line>();
  for (const line of lines) {
    const key = JSON.stringify(keyOf(line));
    const before = all.get(key) ?? { ...line, tags: [], registries: [], notes: [] };
    const both = (of: "tags" | "registries" | "notes") => [...new Set([...before[of], ...line[of]])];
    all.set(key, { ...line, tags: both("tags"), registries: both("registries"), notes: both("notes") });
  }
  return [...all.values()];
}

function line({ tags, registries, digest, state, notes }: Line): Html {
  const [look, word] = states[state];
  // `is 1.0.0` goes without saying beside `is 1.0.0, rolled back by ann`.
  const told = notes.filter((note) => !notes.some((other) => other.startsWith(`${note},`)));
  return html`<tr class="${state}"><td class="wide"><b>${tags.join(", ")}</b></td><td>${
    digest && digestOf(digest)
  }</td><td>${registries.join(" ")}</td><td class="wide"><span class="pill ${look}">${word}</span> <span class="dim small">${told.join("; ")}</span></td></tr>`;
}
