import { hostname } from "node:os";
import { gitTag, imageTag, type ReleaseStage } from "../../lib/model/stage.ts";
import { parseVersion } from "../../lib/model/version.ts";
import { must } from "../../thin_client/engine/command.ts";
import { git } from "./git.ts";
import { type HandImage, pushByHand, repositoryAt } from "./hand_image.ts";

/** A release that was made before a test begins. */
export type Past = { readonly stage: ReleaseStage; readonly version: string; readonly image: HandImage };
type Where = {
  readonly repo: string;
  readonly image: string;
  readonly addresses: Readonly<Record<string, string>>;
};

/**
 * Writes what releases leave behind, oldest first, without one: the versions' tags in all registries, the stage's tag at
 * the last of them, Git tags, and the log. A prod release stands on the last dev release before it.
 */
export async function leaveReleases(where: Where, releases: readonly Past[]): Promise<void> {
  await Promise.all(
    Object.values(where.addresses).map((address) => pushAll(repositoryAt(address, where.image), releases)),
  );
  const { repo, image } = where;
  for (const { stage, version } of releases)
    await git(repo, "tag", "--annotate", gitTag(image, stage, parseVersion(version)), "--message", version);
  await git(repo, "push", "--quiet", "--tags", "origin");
  await writeLog(where, await entriesOf(where, releases));
}

async function pushAll(to: Parameters<typeof pushByHand>[0], releases: readonly Past[]): Promise<void> {
  for (const { stage, version, image } of releases)
    await pushByHand(to, image, { tag: imageTag(stage, "", parseVersion(version)) });
  for (const [stage, image] of new Map(releases.map((one) => [one.stage, one.image])))
    await pushByHand(to, image, { tag: stage });
}

async function entriesOf({ repo, addresses }: Where, releases: readonly Past[]): Promise<readonly object[]> {
  const commit = await git(repo, "rev-parse", "HEAD");
  const registries = Object.keys(addresses);
  return releases.flatMap(({ stage, version, image: { digest } }, index) => {
    const before = releases.slice(0, index);
    const last = before.findLast((one) => one.stage === stage)?.image.digest ?? null;
    const dev = before.findLast((one) => one.stage === "dev");
    const base = stage === "prod" && dev ? { base: { version: dev.version, digest: dev.image.digest } } : {};
    const from = Object.fromEntries(registries.map((name) => [name, last]));
    const id = crypto.randomUUID();
    return [
      { type: "flip", id, tag: stage, version, to: digest, from, why: "release", registries },
      { type: "release", stage, version, digest, commit, ...base, registries },
    ];
  });
}

async function writeLog({ repo, image }: Where, entries: readonly object[]): Promise<void> {
  const tree = (await must(["git", "-C", repo, "mktree"], { input: "" })).trim();
  const signed = { at: new Date().toISOString(), by: "ada", host: hostname() };
  let last = "";
  for (const entry of entries)
    last = await git(
      repo,
      ...["commit-tree", tree, ...(last === "" ? [] : ["-p", last]), "-m", JSON.stringify({ ...entry, ...signed })],
    );
  await git(repo, "push", "--quiet", "origin", `${last}:refs/slipway/log/${image}`);
}
