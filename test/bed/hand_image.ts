import { createHash } from "node:crypto";
import type { Repository } from "../../lib/oci/registry.ts";

const sha = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const bytesOf = (json: unknown) => new TextEncoder().encode(JSON.stringify(json, null, 3));

/** A blob with its descriptor's fields. */
type Blob_ = { readonly bytes: Uint8Array; readonly digest: string; readonly size: number };
/** A manifest made by hand with everything below it. */
export type HandImage = {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly blobs: readonly Blob_[];
  readonly children: readonly HandImage[];
};

const blob = (bytes: Uint8Array): Blob_ => ({ bytes, digest: sha(bytes), size: bytes.length });
const docker = "application/vnd.docker.distribution.manifest.v2+json";
const oci = "application/vnd.oci.image.manifest.v1+json";
const index = "application/vnd.oci.image.index.v1+json";

type Line = Omit<Blob_, "bytes">;

/** What is special about an image made by hand. */
type Special = {
  /** Further layers, which are in the registry already. */
  readonly pushed?: readonly Line[];
  readonly architecture?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly created?: string;
  /** What its layers hold; layers of a base come first. */
  readonly diffIds?: readonly string[];
};

/** Takes a name that makes the bytes its own, gives a Docker v2 image of a config and layers of these sizes. */
export function handImage(name: string, sizes = [5_000, 300_000], special: Special = {}): HandImage {
  const { pushed = [], architecture = "amd64", labels, created, diffIds } = special;
  const layers = sizes.map((size, at) => blob(new Uint8Array(Buffer.alloc(size, `${name} layer ${at} `))));
  const config = blob(
    bytesOf({
      ...{ created, architecture, os: "linux", config: { Labels: { name, ...labels } } },
      ...(diffIds ? { rootfs: { type: "layers", diff_ids: diffIds } } : {}),
    }),
  );
  const line = (mediaType: string, { digest, size }: Line) => ({ mediaType, size, digest });
  const bytes = bytesOf({
    schemaVersion: 2,
    mediaType: docker,
    config: line("application/vnd.docker.container.image.v1+json", config),
    layers: [...layers, ...pushed].map((layer) => line("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)),
  });
  return { digest: sha(bytes), mediaType: docker, bytes, blobs: [config, ...layers], children: [] };
}

/** Takes a name, gives an OCI index of two images, for amd64 and arm64. */
export const handIndex = (name: string): HandImage =>
  indexOver([handImage(`${name} amd64`), handImage(`${name} arm64`)]);

/** An OCI index over images, the first for amd64, the others for arm64. */
export function indexOver(children: readonly HandImage[]): HandImage {
  const manifests = children.map(({ digest, mediaType, bytes }, at) => ({
    mediaType,
    digest,
    size: bytes.length,
    platform: { os: "linux", architecture: at === 0 ? "amd64" : "arm64" },
  }));
  const bytes = bytesOf({ schemaVersion: 2, mediaType: index, manifests });
  return { digest: sha(bytes), mediaType: index, bytes, blobs: [], children };
}

/** An image's repository in a registry without TLS. */
export const repositoryAt = (address: string, image: string): Repository => ({
  registry: address,
  kind: "oci",
  scheme: "http",
  host: address,
  path: image,
  reference: `${address}/${image}`,
});

type HowPushed = { readonly tag?: string; readonly login?: string };

/** Pushes an image made by hand by plain requests, without the code under test. */
export async function pushByHand(repo: Repository, image: HandImage, more: HowPushed = {}): Promise<void> {
  const headers = headersOf(more);
  const base = `http://${repo.host}/v2/${repo.path}`;
  for (const child of image.children) await pushByHand(repo, child, { ...more, tag: child.digest });
  for (const { bytes, digest } of image.blobs) {
    const opened = await fetch(`${base}/blobs/uploads/`, { method: "POST", headers });
    const location = `${opened.headers.get("location")}&digest=${digest}`;
    await expectCreated(await fetch(location, { method: "PUT", headers, body: bytes }));
  }
  await putByHand(repo, image, more);
}

/** Puts the manifest alone, of an image whose blobs the repository has. */
export async function putByHand(repo: Repository, image: HandImage, more: HowPushed): Promise<void> {
  const headers = { ...headersOf(more), "content-type": image.mediaType };
  const url = `http://${repo.host}/v2/${repo.path}/manifests/${more.tag ?? image.digest}`;
  await expectCreated(await fetch(url, { method: "PUT", headers, body: image.bytes }));
}

const headersOf = ({ login }: HowPushed): Readonly<Record<string, string>> =>
  login === undefined ? {} : { authorization: `Basic ${btoa(login)}` };

async function expectCreated(response: Response): Promise<void> {
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
}

/** Takes an image out of a registry by plain requests, to be pushed elsewhere. */
export async function imageAt({ host, path }: Repository, tag: string): Promise<HandImage> {
  const base = `http://${host}/v2/${path}`;
  const bytesAt = async (url: string, accept: string) => {
    const answer = await fetch(url, { headers: { accept } });
    if (!answer.ok) throw new Error(`${answer.status} ${url}`);
    const mediaType = answer.headers.get("content-type") ?? "";
    return { mediaType, ...blob(new Uint8Array(await answer.arrayBuffer())) };
  };
  const manifest = await bytesAt(`${base}/manifests/${tag}`, `${docker}, ${oci}`);
  const { config, layers } = JSON.parse(new TextDecoder().decode(manifest.bytes)) as { config: Line; layers: Line[] };
  const lines = [config, ...layers].map(({ digest }) => bytesAt(`${base}/blobs/${digest}`, "*/*"));
  return { ...manifest, blobs: await Promise.all(lines), children: [] };
}
