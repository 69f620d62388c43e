import { tagOrigins } from "../doors/git.ts";
import { UserError } from "../errors.ts";
import type { Origin } from "../names/log.ts";
import { isVersion } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { readTags, type TaggedImage } from "./look_images.ts";

/** What Git and the registries have of a team's releases. */
export type Past = {
  /** Git tag -> who made it and when, where this clone has it. */
  readonly tags: Readonly<Record<string, Origin>>;
  /** Registry -> its tags of released images. */
  readonly registries: Readonly<Record<string, readonly TaggedImage[]>>;
};

const isRelease = (tag: string): boolean => {
  const [, version] = /^(?:dev|prod)(?:-(.*))?$/.exec(tag) ?? [tag, "none"];
  return version === undefined || isVersion(version);
};

/** What Git tags and the target registries tell of releases. */
export async function lookAtPast(facts: Facts<"log">, { offline }: { readonly offline: boolean }): Promise<Past> {
  if (offline)
    throw new UserError("releases cannot be adopted with --offline", {
      why: "Only the registries and the Git remote know what was released.",
      fix: "Run the same command without --offline",
    });
  const { config, env, place, targets } = facts;
  const [tags, ...rows] = await Promise.all([
    tagOrigins(place, config.imageName, env),
    ...targets.map(async (registry) => {
      const which = { image: config.imageName, env, tags: isRelease, configs: (tag: string) => tag.includes("-") };
      return [registry.name, await readTags(registry, which)] as const;
    }),
  ]);
  return { tags, registries: Object.fromEntries(rows) };
}
