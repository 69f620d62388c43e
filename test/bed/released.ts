import type { LogEntry, SignedEntry } from "../../lib/names/log.ts";
import { gitTag, type ReleaseStage } from "../../lib/names/stage.ts";
import { parseVersion } from "../../lib/names/version.ts";
import type { Repository } from "../../lib/oci/registry.ts";
import { git } from "./git.ts";
import { type HandImage, handImage, pushByHand, putByHand, repositoryAt } from "./hand_image.ts";
import { writeLog } from "./log.ts";

/** A release as it stands in registries and log, made without Slipway and without an engine. */
export type HandRelease = {
  readonly stage: ReleaseStage;
  readonly version: string;
  readonly image: HandImage;
  readonly by?: string;
  /** The registries that have it, by their key; all of them without it. */
  readonly keys?: readonly string[];
  /** The version's tag alone: the mutable one stays where it is. */
  readonly isHotfix?: true;
};

type Addresses = { readonly addresses: Readonly<Record<string, string>> };

/** Pushes an image under a tag to one registry of the ground. */
export const pushTo = ({ addresses }: Addresses, key: string, named: { name: string; tag: string; image: HandImage }) =>
  pushByHand(repositoryAt(addresses[key] ?? "", named.name), named.image, { tag: named.tag });

/**
 * Puts releases into the registries and the log of a repo whose folder is called as its image, oldest first. A prod
 * release stands on the last dev release before it.
 */
export async function releaseByHand(at: Addresses, repo: string, releases: readonly HandRelease[]): Promise<void> {
  const name = repo.split("/").at(-1) ?? "";
  const keysOf = ({ keys }: HandRelease) => keys ?? Object.keys(at.addresses);
  const pushed = Object.keys(at.addresses).map(async (key) => {
    for (const release of releases.filter((one) => keysOf(one).includes(key)))
      await pushWithTags(repositoryAt(at.addresses[key] ?? "", name), release);
  });
  await Promise.all(pushed);
  const commit = await git(repo, "rev-parse", "HEAD");
  const entries = releases.flatMap((release, index): SignedEntry[] => {
    const day = String(index + 1).padStart(2, "0");
    const signed = { at: `2025-02-${day}T10:00:00.000Z`, by: release.by ?? "ann", host: "ci" };
    const facts = { commit, registries: keysOf(release), before: releases.slice(0, index) };
    return entriesOf(release, facts).map((entry) => ({ ...entry, ...signed }));
  });
  await writeLog(`${repo}.git`, name, entries);
}

async function pushWithTags(repo: Repository, release: HandRelease): Promise<void> {
  const [first = "", ...others] = tagsOf(release);
  await pushByHand(repo, release.image, { tag: first });
  for (const tag of others) await putByHand(repo, release.image, { tag });
}

/** Puts the Git tags of releases on the remote of a repo. */
export async function tagByHand(repo: string, releases: readonly Pick<HandRelease, "stage" | "version">[]) {
  const name = repo.split("/").at(-1) ?? "";
  for (const { stage, version } of releases)
    await git(repo, "tag", "--annotate", gitTag(name, stage, parseVersion(version)), "--message", version);
  await git(repo, "push", "--quiet", "--tags", "origin");
}

/** A release of an image of its own. */
export const handRelease = (stage: ReleaseStage, version: string): HandRelease => ({
  stage,
  version,
  image: handImage(`${stage} ${version}`, [100, 1000]),
});

/** Makes of a repo one after these releases, on its remote and in the registries. */
export const afterReleases =
  (releases: () => readonly HandRelease[]) =>
  async ({ repo }: { readonly repo: string }, { ground }: { readonly ground: Addresses }): Promise<void> => {
    await releaseByHand(ground, repo, releases());
    await tagByHand(repo, releases());
  };

const tagsOf = ({ stage, version, isHotfix }: HandRelease) => [`${stage}-${version}`, ...(isHotfix ? [] : [stage])];

type Around = {
  readonly commit: string;
  readonly registries: readonly string[];
  readonly before: readonly HandRelease[];
};

function entriesOf({ stage, version, image: { digest }, isHotfix }: HandRelease, around: Around): LogEntry[] {
  const { commit, registries, before } = around;
  const last = before.findLast((one) => one.stage === stage && !one.isHotfix)?.image.digest ?? null;
  const dev = before.findLast((one) => one.stage === "dev");
  const base = stage === "prod" && dev ? { base: { version: dev.version, digest: dev.image.digest } } : {};
  const from = Object.fromEntries(registries.map((key) => [key, last]));
  const release = { type: "release", stage, version, digest, commit, ...base, registries } as const;
  const move = { type: "flip", id: `${stage}${version}`, tag: stage, version, to: digest, from } as const;
  return isHotfix ? [release] : [{ ...move, why: "release", registries }, release];
}
