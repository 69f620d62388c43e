import { type Html, html } from "../../formats/html.ts";
import { type Change, packageChanges } from "../../python/package_diff.ts";
import type { Images } from "./layers.ts";

/** What became of the Python packages since the version before, by the lists that Git has; nothing where it lacks one. */
export function packagesOf({ image, before }: Images, version: string | undefined): Html | null {
  if (!image?.packages || !before?.packages || version === undefined) return null;
  const changes = packageChanges(before.packages, image.packages);
  if (changes.length === 0) return html`<h3>Packages</h3><p class="dim">The same as in ${version}.</p>`;
  return html`<h3>Packages since ${version}</h3>
<table>
<thead><tr><th scope="col">Package</th><th scope="col">Change</th><th scope="col">From</th><th scope="col">To</th></tr></thead>
<tbody>${changes.map(row)}</tbody>
</table>`;
}

const row = ({ name, change, from, to }: Change): Html =>
  html`<tr><td><code>${name}</code></td><td>${change}</td><td>${from ?? "-"}</td><td>${to ?? "-"}</td></tr>`;
