import type { Registry } from "../config/registry.ts";
import { openEcs } from "../doors/aws.ts";
import { now } from "../doors/clock.ts";
import { branchesOf } from "../doors/git.ts";
import { remoteOf } from "../doors/git_remote.ts";
import { UserError } from "../errors.ts";
import { accountOfRepository, isAwsAt, isCleaning } from "../names/address.ts";
import type { Held, PruneLook } from "../names/prune.ts";
import { repositoryOf } from "../oci/registry.ts";
import type { Facts } from "../plan/facts.ts";
import { sharedClient } from "../run/client.ts";
import { sharedRefs } from "../run/ref_facts.ts";
import { readTags, type TaggedImage } from "./look_images.ts";

type Known = Facts<"log">;
type Options = { readonly offline: boolean };

/** What may not go, and what there is. Whoever does not answer ends it: what they have could be what another stands on. */
export async function lookAtImages(facts: Known, { offline }: Options): Promise<PruneLook> {
  if (offline)
    throw new UserError("images cannot be removed with --offline", {
      why: "Only the registries and the Git remote know what can be removed.",
      fix: "Run the same command without --offline",
    });
  const { config, env, targets, place, git } = facts;
  const read = targets.map(async (registry) => {
    const configs = (tag: string) => /^(local|prod)-/.test(tag);
    return [registry.name, await readTags(registry, { image: config.imageName, env, configs })] as const;
  });
  const [branches, held, images, rows] = await Promise.all([
    branchesOf(place.owner, remoteOf(git)?.address ?? null, env),
    lookAtHeld(facts),
    imagesOnEcs(facts),
    Promise.all(read),
  ]);
  const registries = Object.fromEntries(rows);
  const running = images.flatMap((image) => digestsOf(image, facts, registries));
  const isClean = (registry: Registry) => isCleaning(repositoryOf(registry, config.imageName));
  const cleaning = targets.filter(isClean).map(({ name }) => name);
  return { now: now(), branches, registries, left: await lookAtLeft(facts, registries), held, running, cleaning };
}

/** The claims and moves of this image that are held, with what they are about; one that cannot be read ends it. */
async function lookAtHeld(facts: Known): Promise<readonly Held[]> {
  const { imageName, release } = facts.config;
  const refs = await sharedRefs(facts, facts.git, false);
  const all = Object.entries(await refs.known());
  const held = all.map(async ([ref, object]): Promise<readonly Held[]> => {
    const [, what, name = ""] = ref.startsWith(`${release.refPrefix}/`)
      ? (/\/(claim|flip)\/([^/]+)$/.exec(ref) ?? [])
      : [];
    if (what === undefined) return [];
    const read = what === "flip" ? await refs.readFlip(ref, object) : await refs.readOwner(ref, object);
    if (read === null) return [];
    if ("broken" in read)
      throw new UserError(`${ref} ${read.broken}`, {
        why: "What it names must not be removed.",
        fix: "See who wrote it: i release_status; the next release drops it with --break-lock",
        kind: "claimed",
      });
    if ("to" in read) {
      const seen = read.places.flatMap((place) => place.seen ?? []);
      return [{ ref, digests: [read.to, ...seen] }];
    }
    const version = name.slice(imageName.length + 1).replace(/^prod-/, "");
    return [{ ref, claim: { version, commit: read.commit }, digests: [] }];
  });
  return (await Promise.all(held)).flat();
}

/** Where a registry of the config is AWS's own, the images that services run there. */
async function imagesOnEcs({ config, env }: Known): Promise<readonly string[]> {
  const accounts = config.registries
    .map((registry) => ({ registry, repo: repositoryOf(registry, config.imageName) }))
    .filter(({ repo }) => isAwsAt(repo, env))
    .map(({ repo }) => accountOfRepository(repo));
  const unique = [...new Map(accounts.map((account) => [JSON.stringify(account), account])).values()];
  return (await Promise.all(unique.map(async (account) => (await openEcs(account, env)).images()))).flat();
}

/** An image of a service as the digests that it may be. */
function digestsOf(image: string, { config }: Known, registries: PruneLook["registries"]): readonly string[] {
  const digest = image.split("@")[1];
  if (digest) return [digest];
  return config.registries.flatMap((registry) => {
    const { reference } = repositoryOf(registry, config.imageName);
    const tag = image.startsWith(`${reference}:`) ? image.slice(reference.length + 1) : null;
    return (registries[registry.name] ?? []).flatMap((one) => (one.tag === tag ? [one.digest] : []));
  });
}

/** What the last prune of a registry was to remove and no tag names any more: a run that was ended half-way left it. */
async function lookAtLeft(facts: Known, registries: Readonly<Record<string, readonly TaggedImage[]>>) {
  const { log, targets, config, env } = facts;
  const prunes = log.filter((entry) => entry.type === "prune");
  const rows = targets.map(async (registry) => {
    const last = prunes.findLast(({ registries }) => registries.includes(registry.name));
    const repo = repositoryOf(registry, config.imageName);
    const tagged = new Set(registries[registry.name]?.map(({ digest }) => digest));
    const wanted = (last?.digests ?? []).filter((digest) => !tagged.has(digest));
    const heads = wanted.map(async (digest) => ((await sharedClient(env).head(repo, digest)) ? [digest] : []));
    return [registry.name, (await Promise.all(heads)).flat()] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}
