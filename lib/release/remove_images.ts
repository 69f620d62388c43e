import { deleteEcrImages } from "../doors/aws.ts";
import { UserError } from "../errors.ts";
import { accountOfRepository } from "../names/address.ts";
import { repositoryAt } from "../names/names.ts";
import { type Removal, stillGoing } from "../names/prune.ts";
import { kind } from "../plan/kind.ts";
import type { Place } from "../plan/plan.ts";
import { type Outcome, output, type World } from "../run/world.ts";
import { readTags } from "./look_images.ts";

/** Removes images with all their tags from a registry, by what that offers. */
export type RemoveImages = {
  readonly kind: "remove_images";
  readonly place: Place;
  readonly removals: readonly Removal[];
  /** The claims and moves of tags that were heeded when it was planned. */
  readonly heeded: readonly string[];
  /** AWS itself stands behind the registry. */
  readonly isAws?: true;
};

/** As many are removed before it is looked again whether somebody began a release. */
const atOnce = 20;

/** What was tagged, recorded or claimed since the plan was made stays. */
export const removeImages = kind<RemoveImages>("remove_images", {
  refs: true,
  lines: ({ place: { repository }, removals, isAws }) =>
    removals.map(({ digest, tags }) => {
      const line = isAws
        ? `aws ecr batch-delete-image --repository-name ${repository.replace(/[^/]*\//, "")} --image-ids imageDigest=${digest}`
        : `skopeo delete docker://${repository}@${digest}`;
      return `${line}   # ${tags.join(", ") || "no tag"}`;
    }),
  run: remove,
});

async function remove({ place, removals, heeded, isAws }: RemoveImages, world: World): Promise<Outcome> {
  const { config, env } = world.facts;
  const registry = config.registries.find(({ name }) => name === place.registry);
  if (!registry) throw new Error(`the plan names registry ${place.registry}, which the config does not have`);
  const tags = await readTags(registry, { image: config.imageName, env, configs: () => false });
  const refs = await world.refs();
  const repo = repositoryAt(world.facts, place);
  const client = await world.registries();
  let count = 0;
  for (let at = 0; at < removals.length; at += atOnce) {
    const all = await refs.list();
    assertUnclaimed(Object.keys(all), heeded, world);
    const going = stillGoing(removals, tags, await refs.readLog(all[refs.logRef]));
    const some = removals.slice(at, at + atOnce).filter((one) => going.includes(one));
    const digests = some.map(({ digest }) => digest);
    const gone = isAws
      ? await deleteEcrImages(accountOfRepository(repo), repo, { digests, env })
      : new Set((await client.remove(repo, some)).flatMap((one) => (one.outcome === "removed" ? [one.digest] : [])));
    for (const { digest, tags } of some.filter((one) => gone.has(one.digest)))
      output(world, `${place.repository}@${digest} (${tags.join(", ") || "a part"}) is removed\n`);
    count += gone.size;
  }
  return count > 0 ? "done" : "already";
}

/** A release may be about to name what goes: it takes its claim before it pushes anything. */
function assertUnclaimed(refs: readonly string[], heeded: readonly string[], world: World): void {
  const isHeld = new RegExp(`^${world.facts.config.release.refPrefix}/(claim|flip)/`);
  const [ref] = refs.filter((one) => isHeld.test(one) && !heeded.includes(one));
  if (!ref) return;
  throw new UserError(`${ref} was taken while images were being removed`, {
    why: "Someone started a release, which may need an image that is being removed.",
    fix: "Wait until it is done and run the same command again; it continues from here",
    kind: "claimed",
  });
}
