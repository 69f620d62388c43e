import { type Html, html } from "../../formats/html.ts";
import { newLayers, type PlatformImage, sizeOf } from "../../names/layers.ts";
import type { ReleasedImage } from "../../names/report.ts";
import type { Version } from "../../names/version.ts";
import { bytes } from "../../text/units.ts";

/** One version of the chart. `mark` says what became of it. */
export type Charted = { readonly image: ReleasedImage; readonly mark: "in use" | "rolled back" | null };

const [width, row] = [340, 36];

/** Pull size by version, the newest on top; dark is what a machine fetches that has the version below. Nothing to compare, no chart. */
export function chartOf(charted: readonly Charted[], platform: string | undefined): Html | null {
  const known = charted.flatMap(({ image, mark }) => {
    const own = image.platforms.find((one) => one.platform === platform);
    return own ? [{ own, mark, version: image.version }] : [];
  });
  if (known.length < 2) return null;
  const bars = known.map((bar, at) => ({ ...bar, had: known[at - 1]?.own })).toReversed();
  const largest = Math.max(...bars.map(({ own }) => own.size), 1);
  return html`<h3>Pull size by version</h3>
<svg class="chart" viewBox="0 0 ${width} ${bars.length * row}" role="group" aria-label="Pull size by version">
${bars.map((bar, at) => barOf(bar, at * row, largest))}
</svg>
<p class="dim small"><span class="key new"></span> fetched by a machine that has the version below <span class="key all"></span> shared with it</p>`;
}

type Bar = {
  readonly own: PlatformImage;
  readonly had: PlatformImage | undefined;
  readonly version: Version;
  readonly mark: Charted["mark"];
};

function barOf({ own, had, version, mark }: Bar, y: number, largest: number): Html {
  const fresh = had ? Math.min(sizeOf(newLayers(own, had)), own.size) : own.size;
  const long = (size: number) => ((size / largest) * width).toFixed(1);
  const told = had ? `${bytes(own.size)}, ${bytes(fresh)} new` : bytes(own.size);
  return html`<text x="0" y="${y + 14}">${version}${mark && ` · ${mark}`}</text>
<text x="${width}" y="${y + 14}" text-anchor="end">${told}</text>
<rect class="all" x="0" y="${y + 20}" width="${long(own.size)}" height="8"/>
<rect class="new" x="0" y="${y + 20}" width="${long(fresh)}" height="8"/>
`;
}
