import { isNode } from "../text/shape.ts";

/** A layer of an image: what one pulls, in bytes as it travels, and the line of the Dockerfile that made it. */
export type Layer = { readonly digest: string; readonly size: number; readonly by: string };
/** An image for one platform; `size` is what a machine pulls that has nothing of it: config and layers, in bytes. */
export type PlatformImage = { readonly platform: string; readonly size: number; readonly layers: readonly Layer[] };

type Json = Readonly<Record<string, unknown>>;
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isNode) : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const size = (value: unknown): number => (typeof value === "number" && value >= 0 ? value : 0);

/** Takes the JSON of a manifest and of its config, whatever a registry gave; gives the layers in order, the lowest first. */
export function readPlatformImage(manifest: unknown, config: unknown): PlatformImage {
  const [head, body] = [isNode(manifest) ? manifest : {}, isNode(config) ? config : {}];
  const lines = list(body["history"])
    .filter((row) => row["empty_layer"] !== true)
    .map((row) => layerLine(text(row["created_by"])));
  const layers = list(head["layers"]).map((layer, at) => ({
    digest: text(layer["digest"]),
    size: size(layer["size"]),
    by: lines[at] ?? "",
  }));
  const platform = [body["os"], body["architecture"], body["variant"]].map(text).filter((word) => word !== "");
  const pulled = [...new Map(layers.map((layer) => [layer.digest, layer.size])).values()];
  const configSize = isNode(head["config"]) ? size(head["config"]["size"]) : 0;
  return { platform: platform.join("/"), size: pulled.reduce((sum, one) => sum + one, configSize), layers };
}

/** The line of a layer without what builders add to it, without the values of build arguments, and without passwords in URLs. */
function layerLine(createdBy: string): string {
  const line = createdBy
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/ # buildkit$/, "");
  // `RUN |2 NAME=value OTHER=value /bin/sh -c ...`: a value may hold anything, so all up to the last shell is left out.
  const withArguments = /^(?:RUN )?\|\d+ /.test(line);
  const command = /.*\/\w+ -\w*c (.*)/.exec(line)?.[1];
  const plain = line.replace(/^\/bin\/sh -c #\(nop\) +/, "").replace(/^(?:RUN )?\/bin\/sh -c /, "RUN ");
  return (withArguments ? `RUN ${command ?? ""}` : plain).replaceAll(/\/\/[^/\s@]+@/g, "//***@").trim();
}

/** The layers that a user of the previous version does not have. */
export function newLayers(image: PlatformImage, previous: PlatformImage | undefined): Layer[] {
  const had = new Set(previous?.layers.map(({ digest }) => digest));
  return [...new Map(image.layers.map((layer) => [layer.digest, layer])).values()].filter(
    ({ digest }) => !had.has(digest),
  );
}

export const sizeOf = (layers: readonly Layer[]): number => layers.reduce((sum, layer) => sum + layer.size, 0);
