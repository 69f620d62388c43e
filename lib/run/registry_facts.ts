import type { Registry } from "../config/registry.ts";
import { repositoryOf } from "../names/address.ts";
import { lastOf, type SignedEntry } from "../names/log.ts";
import type { Access } from "../oci/registry.ts";
import { RegistryError } from "../oci/rules/failure.ts";
import type { RegistryFacts, TagState } from "../plan/facts.ts";
import { isNode, jsonOf, textAt, valueAt } from "../text/shape.ts";
import { sharedClient } from "./client.ts";

type Look = {
  readonly tags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly labels: boolean;
  /** A report shows a digest only of what was read: a registry may answer a HEAD with any. */
  readonly whole?: boolean;
};

/** What each tag is in each registry, side by side; a registry that does not answer is a state, not an error. */
export async function lookAt(registries: readonly Registry[], image: string, look: Look): Promise<RegistryFacts> {
  const client = sharedClient(look.env);
  const rows = await Promise.all(
    registries.map(async (registry) => {
      const repo = repositoryOf(registry, image);
      const statesOf = (tags: readonly string[]) =>
        Promise.all(tags.map(async (tag) => [tag, await tagState(tag)] as const));
      const versions = statesOf(look.tags.filter((tag) => tag.includes("-")));
      const moved = statesOf(look.tags.filter((tag) => !tag.includes("-")));
      return [registry.name, Object.fromEntries((await Promise.all([moved, versions])).flat())] as const;

      /** What a mutable tag is; where it is a version that is read beside it, that costs no request more. */
      async function movedState(tag: string): Promise<TagState> {
        const found = await client.head(repo, tag);
        if (!found || !look.whole) return stateOf(found);
        await versions;
        if (await client.manifest(repo, found.digest)) return stateOf(found);
        const why = `it says that ${tag} is ${found.digest}, and does not have that`;
        return { state: "unknown", why };
      }

      async function tagState(tag: string): Promise<TagState> {
        try {
          if (!tag.includes("-")) return await movedState(tag);
          // A version's manifest is read whole: a later move of the mutable tag puts these very bytes.
          const manifest = await client.manifest(repo, tag);
          if (!manifest) return { state: "absent" };
          const config = look.labels ? await client.configOf(repo, manifest.digest) : null;
          const known = configDigest(manifest.bytes);
          const platform = config && known.config ? { platform: platformOf(config) } : {};
          const labels = look.labels ? { labels: labelsOf(config) } : {};
          return { ...stateOf(manifest), ...known, ...labels, ...platform };
        } catch (error) {
          if (!(error instanceof RegistryError)) throw error;
          const { message, reason, why, fix } = error;
          return { state: "unknown", why: message, error: { reason, why, fix } };
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
  const config = textAt(jsonOf(new TextDecoder().decode(bytes)), "config", "digest");
  return config ? { config } : {};
}

/** `linux/arm/v7` of an image config (OCI image spec, "Image Configuration"). */
function platformOf(config: unknown): string {
  return ["os", "architecture", "variant"].flatMap((key) => textAt(config, key) || []).join("/");
}

/** The labels of an image config, which is whatever JSON a registry gave. */
export function labelsOf(config: unknown): Record<string, string> {
  const labels = valueAt(config, "config", "Labels");
  return Object.fromEntries(
    Object.entries(isNode(labels) ? labels : {}).flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value]] : [],
    ),
  );
}

/** The way to each registry, by its name; what stands wrong in it is told by `lookAt`. */
export async function lookAtAccess(
  { registries, imageName }: { readonly registries: readonly Registry[]; readonly imageName: string },
  env: Look["env"],
): Promise<Readonly<Record<string, Access>>> {
  const rows = registries.map(async (registry) => {
    try {
      return [[registry.name, await sharedClient(env).access(repositoryOf(registry, imageName))] as const];
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      return [];
    }
  });
  return Object.fromEntries((await Promise.all(rows)).flat());
}

type Unknown = {
  readonly image: string;
  readonly seen: RegistryFacts;
  readonly log: readonly SignedEntry[];
  readonly env: Look["env"];
};

/** Adds the labels of what a mutable tag is where the log does not know its image: then they tell whether the tag would go down. */
export async function labelUnknown(registries: readonly Registry[], unknown: Unknown): Promise<RegistryFacts> {
  const { image, seen, log, env } = unknown;
  const rows = registries.map(async (registry) => {
    const states = Object.entries(seen[registry.name] ?? {}).map(async ([tag, state]) => {
      if (tag.includes("-") || state.state !== "found" || lastOf(log, state.digest)) return [tag, state] as const;
      try {
        const config = await sharedClient(env).configOf(repositoryOf(registry, image), state.digest);
        return [tag, { ...state, labels: labelsOf(config) }] as const;
      } catch (error) {
        // It answered before; what it cannot tell now, the Git tags have to.
        if (error instanceof Error && "reason" in error) return [tag, state] as const;
        throw error;
      }
    });
    return [registry.name, Object.fromEntries(await Promise.all(states))] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}
