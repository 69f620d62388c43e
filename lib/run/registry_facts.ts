import type { RegistryFacts, TagState } from "../model/facts.ts";
import { repositoryOf } from "../model/oci/address.ts";
import type { Registry } from "../model/registry.ts";
import { sharedClient } from "./client.ts";

type Look = {
  readonly tags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly labels: boolean;
};

/** What each tag is in each registry, side by side; a registry that does not answer is a state, not an error. */
export async function lookAt(registries: readonly Registry[], image: string, look: Look): Promise<RegistryFacts> {
  const client = sharedClient(look.env);
  const rows = await Promise.all(
    registries.map(async (registry) => {
      const repo = repositoryOf(registry, image);
      const states = await Promise.all(look.tags.map(async (tag) => [tag, await tagState(tag)] as const));
      return [registry.name, Object.fromEntries(states)] as const;

      async function tagState(tag: string): Promise<TagState> {
        try {
          if (!tag.includes("-")) return stateOf(await client.head(repo, tag));
          // A version's manifest is read whole: a later move of the mutable tag puts these very bytes.
          const manifest = await client.manifest(repo, tag);
          if (!manifest) return { state: "absent" };
          const config = look.labels ? await client.configOf(repo, manifest.digest) : null;
          const known = configDigest(manifest.bytes);
          const platform = config && known.config ? { platform: platformOf(config) } : {};
          const labels = look.labels ? { labels: labelsOf(config) } : {};
          return { ...stateOf(manifest), ...known, ...labels, ...platform };
        } catch (error) {
          if (error instanceof Error && "reason" in error) return { state: "unknown", why: error.message };
          throw error;
        }
      }
    }),
  );
  return Object.fromEntries(rows);
}

const stateOf = (found: { readonly digest: string } | null) =>
  found ? ({ state: "found", digest: found.digest } as const) : ({ state: "absent" } as const);

/** The config that a manifest names, which is what the classic store calls the image. */
function configDigest(bytes: Uint8Array): { config?: string } {
  const { config } = JSON.parse(new TextDecoder().decode(bytes)) as { config?: { digest?: string } };
  return config?.digest ? { config: config.digest } : {};
}

/** `linux/arm/v7` of an image config (OCI image spec, "Image Configuration"). */
function platformOf(config: unknown): string {
  const { os, architecture, variant } = config as { os?: string; architecture?: string; variant?: string };
  return [os, architecture, variant].filter(Boolean).join("/");
}

/** The labels of an image config, which is whatever JSON a registry gave. */
export function labelsOf(config: unknown): Record<string, string> {
  const inner = (config as { config?: { Labels?: unknown } } | null)?.config?.Labels;
  return typeof inner === "object" && inner !== null ? (inner as Record<string, string>) : {};
}
