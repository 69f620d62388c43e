import { repositoryOf } from "../../lib/doors/registry.ts";
import type { SignedEntry } from "../../lib/model/log.ts";
import type { ReleaseStage } from "../../lib/model/stage.ts";
import { git } from "./git.ts";
import { type HandImage, pushByHand } from "./hand_image.ts";
import { writeLog } from "./log.ts";
import type { Ground } from "./tiny_repo.ts";

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

/** Pushes an image under a tag to one registry of the ground. */
export const pushTo = ({ addresses }: Ground, key: string, named: { name: string; tag: string; image: HandImage }) =>
  pushByHand(
    repositoryOf({ name: key, kind: "oci", address: addresses[key] ?? "", required: true }, named.name),
    named.image,
    { tag: named.tag },
  );

/** Puts releases into registries, log and Git tags of a repo, one after the other. */
export async function releaseByHand(ground: Ground, repo: string, releases: readonly HandRelease[]): Promise<void> {
  const name = repo.split("/").at(-1) ?? "";
  for (const [at, { stage, version, image, by = "ann", isHotfix, ...more }] of releases.entries()) {
    const registries = more.keys ?? Object.keys(ground.addresses);
    const tags = [`${stage}-${version}`, ...(isHotfix ? [] : [stage])];
    for (const key of registries) for (const tag of tags) await pushTo(ground, key, { name, tag, image });
    const commit = await git(repo, "rev-parse", "HEAD");
    const signed = { at: `2025-02-${String(at + 1).padStart(2, "0")}T10:00:00.000Z`, by, host: "ci" };
    const moved = { type: "flip", id: `${stage}${version}`, tag: stage, version, to: image.digest } as const;
    const flip = { ...moved, from: {}, why: "release", registries, ...signed } as const;
    const release = { type: "release", stage, version, digest: image.digest, commit, registries, ...signed } as const;
    const entries: SignedEntry[] = isHotfix ? [release] : [flip, release];
    await writeLog(`${repo}.git`, name, entries);
  }
}
