import { join, relative, resolve } from "node:path";
import { exists, isFolder, readText } from "../doors/files.ts";
import { repositoryOf } from "../doors/registry.ts";
import { currentEntry } from "../model/changelog.ts";
import { UserError } from "../model/errors.ts";
import type { Facts, Need } from "../model/facts.ts";
import { readPlatformImage } from "../model/layers.ts";
import { type ManifestParts, parseManifest } from "../model/oci/copy_plan.ts";
import { pipListPackages } from "../model/packages.ts";
import {
  candidatesOf,
  commitBefore,
  type Release,
  releaseBefore,
  releaseInUse,
  reportVersion,
  stagesInPlay,
} from "../model/releases.ts";
import { type OutputFile, type ReleasedImage, writtenBy } from "../model/report.ts";
import { imageTag, type ReleaseStage, type Stage } from "../model/stage.ts";
import type { Version } from "../model/version.ts";
import { sharedClient } from "./client.ts";
import type { Request } from "./facts.ts";
import type { Base } from "./needs.ts";
import { readRuns } from "./runs.ts";

type Known = Base & Pick<Facts, "git" | "log">;
type Report = Partial<Pick<Facts, "registries" | "images" | "runs" | "commits" | "output">>;

/** What reports about releases read, side by side; the log has said which stages and versions there are. */
export async function loadReportFacts(base: Known, request: Request): Promise<Report> {
  const wants = (need: Need) => request.needs.includes(need);
  const [registries, images, commits] = await Promise.all([
    wants("releases") || wants("candidates") ? lookAtReleases(base, request) : undefined,
    wants("images") ? loadImages(base, request) : undefined,
    wants("commits") ? loadCommits(base, request) : undefined,
  ]);
  const runs = wants("runs") ? readRuns(base.place, base.config.imageName) : undefined;
  const output = wants("output") ? outputFile(base, request.options) : undefined;
  const parts = { registries, images, runs, commits, output };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
}

/** The stages to tell of: the one asked for, else all in play. */
const stagesOf = (base: Known, { options }: Request): ReleaseStage[] => {
  const asked = options["stage"] as Stage | undefined;
  return asked === "dev" || asked === "prod" ? [asked] : stagesInPlay(base.log);
};
const askedVersion = ({ options }: Request) => options["version"] as Version | undefined;

/** The mutable tag of each stage, the version that is in use and the one that the changelog speaks of. */
async function lookAtReleases(base: Known, request: Request): Promise<Facts["registries"]> {
  const asked = askedVersion(request);
  const candidates = candidatesOf(base.log, base.stage).map(({ version }) => imageTag(base.stage, "", version));
  const tags = request.needs.includes("candidates")
    ? [base.stage, ...candidates]
    : stagesOf(base, request).flatMap((stage) => {
        const versions = asked
          ? [asked]
          : [releaseInUse(base.log, stage)?.version, currentEntry(base.changelog, stage)?.version].filter(
              (one) => one !== undefined,
            );
        return [stage, ...versions.map((version) => imageTag(stage, "", version))];
      });
  const named = (request.options["targetRegistries"] as readonly string[] | undefined) ?? [];
  const registries = named.length > 0 ? base.targets : base.config.registries;
  if (!request.offline) {
    const { lookAt } = await import("./registry_facts.ts");
    const look = { tags: [...new Set(tags)], env: base.env, labels: false, whole: true };
    return lookAt(registries, base.config.imageName, look);
  }
  const silent = Object.fromEntries(tags.map((tag) => [tag, { state: "unknown", why: "--offline" } as const]));
  return Object.fromEntries(registries.map(({ name }) => [name, silent]));
}

async function loadImages(base: Known, request: Request): Promise<readonly ReleasedImage[]> {
  const releases = stagesOf(base, request).flatMap((stage) => {
    const inUse = releaseInUse(base.log, stage, askedVersion(request));
    const before = inUse && releaseBefore(base.log, stage, inUse.version);
    return [inUse, before].filter((one) => one !== undefined);
  });
  return Promise.all(
    releases.map(async (release) => ({
      ...(await readImage(base, release, request.offline)),
      packages: await readPackages(base, release),
    })),
  );
}

/** What poetry installed, from the list that a local build brings back and a release commits. */
async function readPackages(base: Known, { stage, commit }: Release): Promise<ReleasedImage["packages"]> {
  if (stage !== "dev") return null;
  const { fileAt } = await import("../doors/git.ts");
  const text = await fileAt(base.place, { commit, path: "devops/docker_build/pip_list.txt" }, base.env);
  return text === null ? null : pipListPackages(text);
}

type Layers = Omit<ReleasedImage, "packages">;

/** Reads the layers from the first registry that has the image and answers. */
async function readImage(base: Known, release: Release, offline: boolean): Promise<Layers> {
  const { stage, version, digest } = release;
  const client = sharedClient(base.env);
  let why = offline ? "--offline" : "no registry has it";
  for (const registry of offline ? [] : base.config.registries) {
    const repo = repositoryOf(registry, base.config.imageName);
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
async function loadCommits(base: Known, request: Request): Promise<Facts["commits"]> {
  const stage = stagesOf(base, request)[0] ?? "dev";
  const version = reportVersion(base, stage, askedVersion(request));
  if (!version) return [];
  const { commitsBetween } = await import("../doors/git.ts");
  const to = releaseInUse(base.log, stage, version)?.commit ?? base.git.commit;
  const known = { log: base.log, image: base.config.imageName, tags: base.git.tags };
  const from = commitBefore(known, stage, version);
  if (base.git.shallow) return null;
  return commitsBetween(base.place, { from, to, most: 201 }, base.env);
}

/** The file named by --html or --output, relative to where one stands; without a name it lies among Slipway's own files. */
function outputFile(base: Known, options: Request["options"]): OutputFile | null {
  const named = (options["html"] ?? options["output"]) as string | undefined;
  if (named === undefined) return null;
  const own = join(base.place.gitDir, "slipway", `status.${base.config.imageName}.html`);
  const path = named === "" ? own : resolve(named);
  if (isFolder(path))
    throw new UserError(`"${named}" is a directory`, {
      why: "The report is written to a file.",
      fix: `Name a file in it: ${join(named, `${base.config.imageName}${options["html"] === undefined ? ".md" : ".html"}`)}`,
    });
  const text = readText(path);
  const ours = text !== null && (text.trim() === "" || text.slice(0, 1000).includes(writtenBy));
  const inside = relative(base.place.root, path);
  return {
    path: inside.startsWith("..") ? path : inside,
    state: exists(path) ? (ours ? "ours" : "foreign") : "absent",
  };
}
