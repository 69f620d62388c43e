import type { Registry } from "../config/registry.ts";
import { type Repository, repositoryOf } from "../oci/registry.ts";
import { parseManifest } from "../oci/rules/copy_plan.ts";
import { sharedClient } from "../run/client.ts";
import { labelsOf } from "../run/registry_facts.ts";
import { textAt, valueAt } from "../text/shape.ts";

/** One tag of a registry with the image behind it. */
export type TaggedImage = {
  readonly tag: string;
  readonly digest: string;
  /** All manifests below an index. */
  readonly children: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601; empty where the image does not say it, or its config was not read. */
  readonly created: string;
  /** What its layers hold, the lowest first (OCI image spec, "Image Configuration", `rootfs`). */
  readonly layers: readonly string[];
};

type Which = {
  readonly image: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The tags that are read; all without it. */
  readonly tags?: (tag: string) => boolean;
  /** The tags of whose images the config is read too, which costs a request. */
  readonly configs: (tag: string) => boolean;
};

/** The tags of a registry with their images; a registry that does not answer throws. */
export async function readTags(registry: Registry, { image, env, tags = () => true, configs }: Which) {
  const client = sharedClient(env);
  const repo = repositoryOf(registry, image);
  const found: TaggedImage[] = [];
  const left = (await client.tags(repo)).filter(tags);
  const lane = async () => {
    for (let tag = left.shift(); tag !== undefined; tag = left.shift()) {
      const manifest = await client.manifest(repo, tag);
      if (!manifest) continue;
      const config = configs(tag) ? await client.configOf(repo, manifest.digest) : {};
      found.push({
        ...{ tag, digest: manifest.digest, children: await childrenOf(repo, manifest.digest, env) },
        ...{ labels: labelsOf(config), created: textAt(config, "created") ?? "" },
        layers: textsIn(valueAt(config, "rootfs", "diff_ids")),
      });
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return found.sort((one, other) => (one.tag < other.tag ? -1 : 1));
}

/** An index may hold another one; what a registry does not have of it is no child. */
async function childrenOf(repo: Repository, digest: string, env: Which["env"]): Promise<readonly string[]> {
  const manifest = await sharedClient(env).manifest(repo, digest);
  const parts = manifest && parseManifest(new TextDecoder().decode(manifest.bytes));
  if (parts?.type !== "index") return [];
  const below = parts.children.map(async (child) => [
    child.digest,
    ...(/index|manifest\.list/.test(child.mediaType) ? await childrenOf(repo, child.digest, env) : []),
  ]);
  return (await Promise.all(below)).flat();
}

const textsIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
