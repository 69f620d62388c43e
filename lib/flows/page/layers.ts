import { type Html, html } from "../../model/html.ts";
import { newLayers, type PlatformImage, sizeOf } from "../../model/layers.ts";
import { bytes, shortDigest } from "../../model/units.ts";
import type { Images } from "./stage_section.ts";

/** The layers of each platform, largest bar for the largest layer; what users of the version before have to pull is marked. */
export function layersOf({ image, before }: Images, version: string | undefined): Html | null {
  if (!image || image.platforms.length === 0) return null;
  const tables = image.platforms.map((one) => {
    const had = before?.platforms.find(({ platform }) => platform === one.platform);
    return layerTable(one, had, version);
  });
  return html`<h3>Layers</h3>${tables}`;
}

function layerTable(image: PlatformImage, had: PlatformImage | undefined, version: string | undefined): Html {
  const fresh = new Set(newLayers(image, had).map(({ digest }) => digest));
  const isCompared = had !== undefined && version !== undefined;
  const largest = Math.max(...image.layers.map(({ size }) => size), 1);
  const shared = isCompared ? html`, ${fresh.size} new since ${version} (${bytes(sizeOf(newLayers(image, had)))})` : "";
  return html`<details open><summary>${image.platform || "image"}: ${image.layers.length} ${image.layers.length === 1 ? "layer" : "layers"}, ${bytes(image.size)}${shared}</summary>
<table class="layers">
<thead><tr><th scope="col">Made by</th><th scope="col">Share</th><th scope="col" class="number">Size</th></tr></thead>
<tbody>${image.layers.map((layer) => {
    const isNew = isCompared && fresh.has(layer.digest);
    const look = isCompared && !isNew ? "fill old" : "fill";
    const share = ((layer.size / largest) * 100).toFixed(1);
    return html`<tr><td class="label"><code>${shown(layer.by) || shortDigest(layer.digest)}</code> ${
      isNew && html`<span class="pill good">new</span>`
    }</td><td class="bar"><div class="track"><div class="${look}" style="width:${share}%"></div></div></td><td class="number">${bytes(layer.size)}</td></tr>`;
  })}</tbody>
</table></details>`;
}

const shown = (line: string): string => (line.length > 160 ? `${line.slice(0, 157)}...` : line);
