import { type Html, html } from "../../formats/html.ts";
import { type Layer, newLayers, type PlatformImage, sizeOf } from "../../names/layers.ts";
import type { ReleasedImage } from "../../names/report.ts";
import { bytes, shortDigest } from "../../text/units.ts";

/** An image and the one of the version before it, where they are known. */
export type Images = { readonly image: ReleasedImage | undefined; readonly before: ReleasedImage | undefined };

/** The layers of each platform, largest bar for the largest layer, with what came and went since the version before. */
export function layersOf(images: Images): Html | null {
  const tables = tablesOf(images, true);
  return tables.length > 0 ? html`<h3>Layers</h3>${tables}` : null;
}

/** The same between further pairs of versions, each to be opened. */
export function olderLayersOf(pairs: readonly Images[]): Html | null {
  const tables = pairs.flatMap((images) => tablesOf(images, false));
  return tables.length > 0 ? html`<h3>Layers of other versions</h3>${tables}` : null;
}

function tablesOf({ image, before }: Images, isMain: boolean): Html[] {
  return (image?.platforms ?? []).map((one) => {
    const had = before?.platforms.find(({ platform }) => platform === one.platform);
    const name = one.platform || "image";
    const title = isMain ? name : `${image?.version}, ${name}`;
    return layerTable({ title, isOpen: isMain, image: one, had, version: before?.version });
  });
}

type Compared = {
  readonly title: string;
  readonly isOpen: boolean;
  readonly image: PlatformImage;
  readonly had: PlatformImage | undefined;
  readonly version: string | undefined;
};
type Mark = "new" | "gone" | "old" | "none";

function layerTable({ title, isOpen, image, had, version }: Compared): Html {
  const fresh = newLayers(image, had);
  const gone = had ? newLayers(had, image) : [];
  const isNew = new Set(fresh.map(({ digest }) => digest));
  const rows: readonly (readonly [Layer, Mark])[] = [
    ...image.layers.map((layer) => [layer, had ? (isNew.has(layer.digest) ? "new" : "old") : "none"] as const),
    ...gone.map((layer) => [layer, "gone"] as const),
  ];
  const largest = Math.max(...rows.map(([{ size }]) => size), 1);
  const lost = gone.length > 0 ? `, ${gone.length} gone (${bytes(sizeOf(gone))})` : "";
  const changed = had ? `, since ${version} ${fresh.length} new (${bytes(sizeOf(fresh))})${lost}` : "";
  const count = `${image.layers.length} ${image.layers.length === 1 ? "layer" : "layers"}`;
  return html`<details class="layers"${isOpen ? html` open` : ""}><summary>${title}: ${count}, ${bytes(image.size)}${changed}</summary>
<table>
<thead><tr><th scope="col">Made by</th><th scope="col">Share</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>${rows.map(([layer, mark]) => layerRow(layer, mark, largest))}</tbody>
</table></details>`;
}

const marks: Readonly<Record<Mark, { readonly fill: string; readonly pill: Html | null }>> = {
  new: { fill: "fill", pill: html`<span class="pill good">new</span>` },
  gone: { fill: "fill gone", pill: html`<span class="pill warn">gone</span>` },
  old: { fill: "fill old", pill: null },
  none: { fill: "fill", pill: null },
};

function layerRow({ digest, size, by }: Layer, mark: Mark, largest: number): Html {
  const { fill, pill } = marks[mark];
  const share = ((size / largest) * 100).toFixed(1);
  return html`<tr class="${mark}"><td class="label"><code>${shown(by) || shortDigest(digest)}</code> ${pill}</td><td class="bar"><div class="track"><div class="${fill}" style="width:${share}%"></div></div></td><td class="number">${bytes(size)}</td></tr>`;
}

const shown = (line: string): string => (line.length > 160 ? `${line.slice(0, 157)}...` : line);
