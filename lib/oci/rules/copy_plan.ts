import type { Repository } from "../../names/address.ts";

/** A manifest's line about a blob or another manifest (OCI image spec, "Descriptor"). */
export type Descriptor = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  /** `linux/amd64`, on the lines of an index. */
  readonly platform?: string;
};
/** What a manifest names: the manifests of an index, or the config and layers of an image. */
export type ManifestParts =
  | { readonly type: "index"; readonly children: readonly Descriptor[] }
  | { readonly type: "image"; readonly config: Descriptor; readonly blobs: readonly Descriptor[] };

/** The four types every question about a manifest accepts: without all, Distribution converts what it holds. */
export const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
] as const;

const digestGrammar = /^sha256:[0-9a-f]{64}$/;

/** Takes a text, answers whether it is a sha256 digest. */
export const isDigest = (text: string): boolean => digestGrammar.test(text);

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null;

function descriptor(value: unknown): Descriptor {
  if (!isRecord(value)) throw new Error("a descriptor is no object");
  const { mediaType, digest, size, platform } = value;
  if (typeof digest !== "string" || !isDigest(digest)) throw new Error(`"${String(digest)}" is no sha256 digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) throw new Error(`${digest} has no size`);
  const words = isRecord(platform) ? [platform["os"], platform["architecture"], platform["variant"]] : [];
  const name = words.filter((word) => typeof word === "string" && word !== "").join("/");
  return { mediaType: String(mediaType), digest, size, ...(name === "" ? {} : { platform: name }) };
}

/** Layers that must be fetched from elsewhere and are never pushed (OCI image spec, "Non-Distributable Layers"). */
const isForeign = (layer: Descriptor) => /nondistributable|\.foreign\./.test(layer.mediaType);

/** Takes the text of a manifest or index, gives what it names; throws a plain Error saying what is wrong with it. */
export function parseManifest(text: string): ManifestParts {
  const json: unknown = JSON.parse(text);
  if (!isRecord(json)) throw new Error("it is no object");
  if (Array.isArray(json["manifests"])) return { type: "index", children: json["manifests"].map(descriptor) };
  if (!Array.isArray(json["layers"])) throw new Error("it is neither an image manifest nor an index");
  const config = descriptor(json["config"]);
  const layers = json["layers"].map(descriptor).filter((layer) => !isForeign(layer));
  return { type: "image", config, blobs: unique([config, ...layers]) };
}

const unique = (all: readonly Descriptor[]): Descriptor[] => [...new Map(all.map((one) => [one.digest, one])).values()];

/** A manifest with what it names, as read from the source. */
export type Node<M> = { readonly digest: string; readonly manifest: M; readonly parts: ManifestParts };

/** Takes every manifest under a root by digest, gives them in pushing order: children, then the index that names them. */
export function pushOrder<M>(root: string, nodes: ReadonlyMap<string, Node<M>>): Node<M>[] {
  const order = new Map<string, Node<M>>();
  const visit = (digest: string) => {
    const node = nodes.get(digest);
    if (node === undefined || order.has(digest)) return;
    if (node.parts.type === "index") for (const child of node.parts.children) visit(child.digest);
    order.set(digest, node);
  };
  visit(root);
  return [...order.values()];
}

/** Takes manifests, gives the blobs they name, each once, the largest first so that the long ones start early. */
export function blobsOf<M>(nodes: readonly Node<M>[]): Descriptor[] {
  const all = nodes.flatMap((node) => (node.parts.type === "image" ? node.parts.blobs : []));
  return unique(all).sort((one, other) => other.size - one.size || one.digest.localeCompare(other.digest));
}

/** Takes source and target, gives the repository whose blob the target may mount: the source's, on the same host only. */
export const mountSource = (from: Repository, to: Repository): string | null =>
  from.scheme === to.scheme && from.host === to.host && from.path !== to.path ? from.path : null;
