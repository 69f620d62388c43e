import { type Html, html } from "../../formats/html.ts";
import { withShortDigests } from "../../text/units.ts";

/** Twelve digits of a digest, which open to the whole of it. */
export const digestOf = (digest: string): Html =>
  html`<details class="digest"><summary><code>${withShortDigests(digest)}</code></summary><code>${digest}</code></details>`;
