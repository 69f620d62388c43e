import { createHash } from "node:crypto";
import { isNode, jsonOf, type Node } from "../../text/shape.ts";
import type { Descriptor } from "./copy_plan.ts";

/** A gzipped layer, and the digest of it unpacked (OCI image spec, "Layer DiffID"). */
export type Layer = { readonly digest: string; readonly size: number; readonly diffId: string };

type Base = { readonly mediaType: string; readonly manifest: string; readonly config: string };
type Added = {
  readonly layers: readonly Layer[];
  /** What the config says otherwise; `Env` is added to. */
  readonly settings: Node;
  readonly env: Readonly<Record<string, string>>;
};
export type Made = {
  readonly config: { readonly digest: string; readonly size: number; readonly text: string };
  readonly manifest: { readonly mediaType: string; readonly text: string; readonly digest: string };
};

const digestOf = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const isDocker = (mediaType: string): boolean => mediaType.includes("docker");
const sizeOf = (text: string): number => Buffer.byteLength(text);

/** An image that is another one with more layers and other settings, in the format of that one; throws a plain Error where that is no image. */
export function addLayers(base: Base, { layers, settings, env }: Added): Made {
  const manifest = jsonOf(base.manifest);
  const config = jsonOf(base.config);
  if (!isNode(manifest) || !isNode(config)) throw new Error("it is no image");
  const { rootfs, history, config: own } = config;
  const diffIds = isNode(rootfs) && Array.isArray(rootfs["diff_ids"]) ? rootfs["diff_ids"] : [];
  const before: unknown = isNode(own) ? own["Env"] : [];
  const kept = (Array.isArray(before) ? before : []).filter((one) => !((String(one).split("=")[0] ?? "") in env));
  const text = JSON.stringify({
    ...config,
    config: {
      ...(isNode(own) ? own : {}),
      ...settings,
      Env: [...kept, ...Object.entries(env).map((one) => one.join("="))],
    },
    rootfs: { type: "layers", diff_ids: [...diffIds, ...layers.map(({ diffId }) => diffId)] },
    history: [...(Array.isArray(history) ? history : []), ...layers.map(() => ({ created_by: "slipway" }))],
  });
  const type = isDocker(base.mediaType)
    ? "application/vnd.docker.image.rootfs.diff.tar.gzip"
    : "application/vnd.oci.image.layer.v1.tar+gzip";
  const lines = Array.isArray(manifest["layers"]) ? manifest["layers"] : [];
  const digest = digestOf(text);
  const made = JSON.stringify({
    schemaVersion: 2,
    mediaType: base.mediaType,
    config: { ...(isNode(manifest["config"]) ? manifest["config"] : {}), digest, size: sizeOf(text) },
    layers: [...lines, ...layers.map(({ digest, size }) => ({ mediaType: type, digest, size }))],
  });
  return {
    config: { digest, size: sizeOf(text), text },
    manifest: { mediaType: base.mediaType, text: made, digest: digestOf(made) },
  };
}

/** What a blob of these bytes is called. */
export const blobOf = (content: string | Uint8Array): Descriptor => ({
  mediaType: "application/octet-stream",
  digest: `sha256:${createHash("sha256").update(content).digest("hex")}`,
  size: typeof content === "string" ? sizeOf(content) : content.length,
});
