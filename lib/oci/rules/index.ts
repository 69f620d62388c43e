import type { Descriptor } from "./copy_plan.ts";

const mediaType = "application/vnd.oci.image.index.v1+json";

/**
 * The bytes of an index over images of one platform each (OCI image spec, "Image Index"), in the order of their platforms:
 * the same images always make the same index.
 */
export function joinIndex(children: readonly Descriptor[]): { readonly mediaType: string; readonly text: string } {
  const manifests = [...children]
    .sort((a, b) => (a.platform ?? "").localeCompare(b.platform ?? ""))
    .map(({ mediaType, digest, size, platform = "" }) => ({ mediaType, digest, size, platform: partsOf(platform) }));
  return { mediaType, text: JSON.stringify({ schemaVersion: 2, mediaType, manifests }) };
}

function partsOf(platform: string) {
  const [os, architecture, variant] = platform.split("/");
  return { architecture, os, variant };
}
