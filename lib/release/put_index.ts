import { createHash } from "node:crypto";
import { digestBehind, servesAnother } from "../kinds/verify_digest.ts";
import { repositoryAt } from "../names/names.ts";
import { joinIndex } from "../oci/rules/index.ts";
import { kind } from "../plan/kind.ts";
import type { Place } from "../plan/plan.ts";
import { made } from "../run/world.ts";

/** Joins images of one platform each, which lie in one repository, to an index there; its step makes the index. */
export type PutIndex = {
  readonly kind: "put_index";
  readonly tag: string;
  readonly place: Place;
  readonly children: readonly { readonly platform: string; readonly digest: string; readonly name: string }[];
};

/** The index's bytes depend on its images alone; it is put under its tag, which may name no other image. */
export const putIndex = kind<PutIndex>("put_index", {
  lines: ({ place, tag, children }) => [
    `docker buildx imagetools create --tag ${place.repository}:${tag} ${children.map(({ digest }) => `${place.repository}@${digest}`).join(" ")}`,
  ],
  run: async ({ tag, place, children }, world) => {
    const client = await world.registries();
    const repo = repositoryAt(world.facts, place);
    const parts = await Promise.all(
      children.map(async ({ digest, platform, name }) => {
        const found = await client.head(repo, digest);
        if (!found) throw servesAnother(place, name, { digest: null, wanted: digest });
        return { mediaType: found.mediaType, digest, size: found.size, platform };
      }),
    );
    const { mediaType, text } = joinIndex(parts);
    const bytes = new TextEncoder().encode(text);
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const before = await digestBehind(place, tag, world);
    if (before !== null && before !== digest) throw servesAnother(place, tag, { digest: before, wanted: digest });
    made(world, digest);
    if (before === digest) return "already";
    await client.putManifest(repo, tag, { manifest: { digest, mediaType, size: bytes.length, bytes } });
    return "done";
  },
});
