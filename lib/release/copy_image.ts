import { now } from "../doors/clock.ts";
import { repositoryAt } from "../names/names.ts";
import type { CopyEvent } from "../oci/registry.ts";
import { kind } from "../plan/kind.ts";
import type { Place, Value } from "../plan/plan.ts";
import { copyLine } from "../plan/render_plan.ts";
import { knownValue, output, type World } from "../run/world.ts";

/** Copies one image, digest kept, from a registry to others; blobs that are there already are not read. */
export type CopyImage = {
  readonly kind: "copy_image";
  readonly digest: Value;
  readonly tag: string;
  readonly from: Place;
  readonly to: readonly Place[];
};

/** All places side by side; one that has it already is sent nothing. */
export const copyImage = kind<CopyImage>("copy_image", {
  lines: ({ from, to, tag, digest }, show) =>
    to.map((place) => copyLine(`${from.repository}@${show(digest)}`, `${place.repository}:${tag}`)),
  run: async (action, world) => {
    const client = await world.registries();
    const digest = knownValue(world, action.digest);
    const to = action.to.map((place) => repositoryAt(world.facts, place));
    const results = await client.copy(
      { from: repositoryAt(world.facts, action.from), to, digest, tag: action.tag },
      copyProgress(world),
    );
    const broken = results.find((result) => result.outcome === "error");
    if (broken?.outcome === "error") throw broken.error;
    return results.every((result) => result.outcome === "already") ? "already" : "done";
  },
});

/** A line every two seconds while a copy runs, and one for each registry that has the image. */
function copyProgress(world: World): (event: CopyEvent) => void {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const seen = { total: 0, read: 0, said: now() };
  return (event) => {
    if (event.event === "plan") seen.total += event.bytes;
    if (event.event === "bytes") seen.read += event.bytes;
    if (event.event === "retry") output(world, `${event.registry}: again, ${event.why}\n`);
    if (event.event === "pushed") output(world, `${event.registry}: ${event.reference}\n`);
    if (now() - seen.said < 2000) return;
    seen.said = now();
    output(world, `${mebibytes(seen.read)} of ${mebibytes(seen.total)} read\n`);
  };
}
