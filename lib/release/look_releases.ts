import { unasked } from "../config/registry.ts";
import { commitsBetween, fileAt } from "../doors/git.ts";
import { UserError } from "../errors.ts";
import { currentEntry } from "../names/changelog.ts";
import { readPlatformImage } from "../names/layers.ts";
import {
  candidatesOf,
  commitBefore,
  comparedReleases,
  type Release,
  releaseBefore,
  releaseInUse,
  reportVersion,
  stagesInPlay,
} from "../names/releases.ts";
import type { Commit, OutputFile, ReleasedImage, RunRecord } from "../names/report.ts";
import { imageTag, type ReleaseStage } from "../names/stage.ts";
import { repositoryOf } from "../oci/registry.ts";
import { type ManifestParts, parseManifest } from "../oci/rules/copy_plan.ts";
import type { Facts, RegistryFacts } from "../plan/facts.ts";
import { pipListPackages } from "../python/packages.ts";
import { sharedClient } from "../run/client.ts";
import { outputFile } from "../run/output_file.ts";
import { lookAt } from "../run/registry_facts.ts";
import { readRuns } from "../run/runs.ts";

type Base = Facts<"log">;
type About = {
  /** The stage to tell of; without it all in play. */
  readonly stage?: ReleaseStage | undefined;
  readonly targetRegistries?: readonly string[];
  readonly offline: boolean;
};

/** What `release_status` tells of; layers and runs are for the page alone. */
export type StatusLook = {
  readonly registries: RegistryFacts;
  /** Of each stage the release in use, the one before it and, for the page, what it compares; with their layers. */
  readonly images: readonly ReleasedImage[];
  /** The runs that released these, oldest first. */
  readonly runs: readonly RunRecord[];
  readonly output: OutputFile | null;
};

/** Looks at registries, and for a page at layers and at the runs that this clone remembers. */
export async function lookForStatus(
  facts: Base,
  options: About & { readonly html: string | undefined },
): Promise<StatusLook> {
  const isPage = options.html !== undefined;
  const [registries, images] = await Promise.all([
    lookAtReleases(facts, options),
    isPage ? lookAtImages(facts, options, comparedReleases) : [],
  ]);
  const runs = isPage ? readRuns(facts.place, facts.config.imageName) : [];
  return { registries, images, runs, output: outputFile(facts, options.html, `${facts.config.imageName}.html`) };
}

/** What the notes of a version tell of. */
export type NotesLook = Omit<StatusLook, "runs"> & {
  /** The commits since the release before, newest first; null where this clone does not have them all. */
  readonly commits: readonly Commit[] | null;
};

/** Looks at registries, layers and commits, and at the file that the notes are written to. */
export async function lookForNotes(
  facts: Base,
  options: About & { readonly stage: ReleaseStage; readonly output: string | undefined },
): Promise<NotesLook> {
  const [registries, images, commits] = await Promise.all([
    lookAtReleases(facts, options),
    lookAtImages(facts, options),
    lookAtCommits(facts, options.stage),
  ]);
  return { registries, images, commits, output: outputFile(facts, options.output, `${facts.config.imageName}.md`) };
}

const stagesOf = ({ log }: Base, { stage }: About): readonly ReleaseStage[] => (stage ? [stage] : stagesInPlay(log));

/** The mutable tag of each stage, the version that is in use and the one that the changelog speaks of; or the one asked for. */
export function lookAtReleases(facts: Base, options: About): Promise<RegistryFacts> {
  const { version, log, changelog } = facts;
  const tags = stagesOf(facts, options).flatMap((stage) => {
    const known = [releaseInUse(log, stage)?.version, currentEntry(changelog, stage)?.version];
    const versions = version ? [version] : known.filter((one) => one !== undefined);
    return [stage, ...versions.map((one) => imageTag(stage, "", one))];
  });
  return lookAtTags(facts, tags, options);
}

/** The mutable tag of the stage, and the versions that it may go back to. */
export function lookAtCandidates(facts: Base, options: About): Promise<RegistryFacts> {
  const { log, stage } = facts;
  const candidates = candidatesOf(log, stage).map(({ version }) => imageTag(stage, "", version));
  return lookAtTags(facts, [stage, ...candidates], options);
}

/** Every registry of the config, or those that were named. */
async function lookAtTags(
  { config, env, targets }: Base,
  tags: readonly string[],
  { targetRegistries = [], offline }: About,
): Promise<RegistryFacts> {
  const registries = targetRegistries.length > 0 ? targets : config.registries;
  if (offline) return unasked(registries, tags);
  return lookAt(registries, config.imageName, { tags: [...new Set(tags)], env, labels: false, whole: true });
}

/** The release in use and the one before it, and the others that are compared by their layers alone. */
async function lookAtImages(
  facts: Base,
  options: About,
  compared: typeof comparedReleases = () => [],
): Promise<readonly ReleasedImage[]> {
  const releases = stagesOf(facts, options).flatMap((stage) => {
    const inUse = releaseInUse(facts.log, stage, facts.version);
    const before = inUse && releaseBefore(facts.log, stage, inUse.version);
    const told = [inUse, before].filter((one) => one !== undefined);
    const isTold = ({ version }: Release) => told.some((one) => one.version === version);
    const others = compared(facts.log, stage, inUse).filter((release) => !isTold(release));
    return [...told.map((release) => [release, true] as const), ...others.map((release) => [release, false] as const)];
  });
  return Promise.all(
    releases.map(async ([release, withPackages]) => ({
      ...(await readImage(facts, release, options.offline)),
      packages: withPackages ? await readPackages(facts, release) : null,
    })),
  );
}

/** What poetry installed, from the list that a local build brings back and a release commits. */
async function readPackages(facts: Base, { stage, commit }: Release): Promise<ReleasedImage["packages"]> {
  if (stage !== "dev") return null;
  const text = await fileAt(facts.place, { commit, path: "devops/docker_build/pip_list.txt" }, facts.env);
  return text === null ? null : pipListPackages(text);
}

type Layers = Omit<ReleasedImage, "packages">;

/** Reads the layers from the first registry that has the image and answers. */
async function readImage(facts: Base, release: Release, offline: boolean): Promise<Layers> {
  const { stage, version, digest } = release;
  const client = sharedClient(facts.env);
  let why = offline ? "--offline" : "no registry has it";
  for (const registry of offline ? [] : facts.config.registries) {
    const repo = repositoryOf(registry, facts.config.imageName);
    const read = async (of: string, platform?: string): Promise<ReleasedImage["platforms"]> => {
      const manifest = await client.manifest(repo, of);
      if (!manifest) return [];
      const text = new TextDecoder().decode(manifest.bytes);
      const parts = parseManifest(text);
      if (parts.type === "index")
        return (await Promise.all(imagesIn(parts).map((child) => read(child.digest, child.platform)))).flat();
      const image = readPlatformImage(JSON.parse(text), await client.configOf(repo, of));
      return [{ ...image, platform: platform ?? image.platform }];
    };
    try {
      const platforms = await read(digest);
      if (platforms.length > 0) return { stage, version, digest, platforms, why: "" };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      why = error.message;
    }
  }
  return { stage, version, digest, platforms: [], why };
}

/** The images of an index; attestations are `unknown/unknown`. */
const imagesIn = (parts: Extract<ManifestParts, { type: "index" }>) =>
  parts.children.filter(({ platform }) => platform !== "unknown/unknown");

/** The commits that a version brought: since the release before it, up to its own or, unreleased, to where the clone stands. */
async function lookAtCommits(facts: Base, stage: ReleaseStage): Promise<NotesLook["commits"]> {
  const { log, config, git } = facts;
  const version = reportVersion(facts, stage, facts.version);
  if (!version) return [];
  const to = releaseInUse(log, stage, version)?.commit ?? git.commit;
  const from = commitBefore({ log, image: config.imageName, tags: git.tags }, stage, version);
  if (git.shallow) return null;
  return commitsBetween(facts.place, { from, to, most: 201 }, facts.env);
}
