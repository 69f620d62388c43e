import { type Archive, readArchive } from "../doors/archive.ts";
import {
  type ContainerStats,
  type ImageSettings,
  type ListedImage,
  loadContainers,
  loadEngineVolumes,
  loadImages,
  loadSettings,
  loadStats,
} from "../doors/containers.ts";
import { inspectImages } from "../doors/docker.ts";
import { freePort, isFree } from "../doors/ports.ts";
import { chooseContainer, type EngineContainer, ownContainers } from "../names/engine_container.ts";
import { engineRepository } from "../names/names.ts";
import { patchTag } from "../names/patched.ts";
import { imageTag } from "../names/stage.ts";
import { versionIn } from "../names/version.ts";
import type { Facts, LocalImage, TagState } from "../plan/facts.ts";

type Base = Pick<Facts, "config" | "env" | "place" | "targets" | "user" | "version">;
type Offline = { readonly offline: boolean };

/** What the engine has: all containers, running or ended, and every tag of every image. */
export type InEngine = {
  readonly containers: readonly EngineContainer[];
  readonly images: readonly ListedImage[];
};

/** Asks the engine for both, side by side. */
export async function lookAtContainersAndImages(base: Base): Promise<InEngine> {
  const [containers, images] = await Promise.all([loadContainers(base), loadImages(base)]);
  return { containers, images };
}

/** All containers, and the data of inner engines where those are to go. */
export type ToKill = { readonly containers: readonly EngineContainer[]; readonly volumes: readonly string[] };

export async function lookToKill(base: Base, { purge }: { readonly purge: boolean }): Promise<ToKill> {
  const [containers, volumes] = await Promise.all([loadContainers(base), purge ? loadEngineVolumes(base) : []]);
  return { containers, volumes };
}

/** What the running containers use just now: the own ones, or all. */
export async function lookAtStats(base: Base, { all }: { readonly all: boolean }): Promise<readonly ContainerStats[]> {
  const containers = await loadContainers(base);
  const shown = all ? containers : ownContainers(base, containers);
  const running = shown.filter((one) => one.running).map(({ id }) => id);
  return loadStats(running, base);
}

/** The port of this machine that a container is to be reached on; null where none is free. */
export type Port = { readonly number: number | null; readonly free: boolean };
type PortOptions = { readonly port?: number | undefined; readonly autoAssignPort: boolean };

/** The one that was typed; the original's fixed one; else the first free one from a number that is the user's own. */
export async function lookForPort({ user }: Base, { port, autoAssignPort }: PortOptions): Promise<Port> {
  const fixed = port ?? (autoAssignPort ? undefined : 9999);
  if (fixed !== undefined) return { number: fixed, free: await isFree(fixed) };
  // Below 32768, from where Linux takes ports for outgoing connections.
  const number = await freePort(20_000 + (user.uid % 1200) * 10);
  return { number, free: number !== null };
}

/** What a container is to be committed into. */
export type Patch = InEngine & {
  /** The image that the container was started from; null where the engine has it no more. */
  readonly startedFrom: ImageSettings | null;
  /** `dev_<name>` or `local-<user>-X.Y.Z`; null where no container was found. */
  readonly tag: string | null;
  /** What that tag is in the first target registry, where it is to be pushed. */
  readonly inRegistry: TagState | null;
};
type PatchOptions = Offline & {
  readonly container?: string | undefined;
  readonly name?: string | undefined;
  readonly push: boolean;
};

/** The image that the container was started from, and the tag that it is to have: design.md has `dev_<name>`. */
export async function lookAtPatch(base: Base, { container, name, push, offline }: PatchOptions): Promise<Patch> {
  const seen = await lookAtContainersAndImages(base);
  const found = chooseContainer(base, seen.containers, container);
  if (!found) return { ...seen, startedFrom: null, tag: null, inRegistry: null };
  const startedFrom = await loadSettings(found.imageId, base);
  const labelled = versionIn(startedFrom?.labels["org.opencontainers.image.version"] ?? "");
  const tag = patchTag(base, name, base.version ?? labelled ?? null);
  return { ...seen, startedFrom, tag, inRegistry: push && !offline ? await inFirstTarget(base, tag) : null };
}

/** A local image on its way from one user to another: `local-<giver>-X.Y.Z` wherever it is. */
export type HandedOver = {
  /** The file that was named with --file. */
  readonly archive: Archive | null;
  readonly inEngine: LocalImage | null;
  /** In the first target registry; null where there is none, or a file was named. */
  readonly inRegistry: TagState | null;
};
type HandOverOptions = Offline & { readonly file?: string | undefined; readonly from?: string | undefined };

/** The local image of the giver: the one of `--from`, else the user's own. */
export async function lookAtHandedOver(base: Base, { file, from, offline }: HandOverOptions): Promise<HandedOver> {
  const archive = file === undefined ? null : await readArchive(file, base.env);
  if (!base.version) return { archive, inEngine: null, inRegistry: null };
  const tag = imageTag("local", from ?? base.user.name, base.version);
  const [inEngine = null] = await inspectImages([`${engineRepository(base)}:${tag}`], base.place.root, base.env);
  return { archive, inEngine, inRegistry: archive === null && !offline ? await inFirstTarget(base, tag) : null };
}

async function inFirstTarget({ config, env, targets }: Base, tag: string): Promise<TagState | null> {
  const [registry] = targets;
  if (!registry) return null;
  const { lookAt } = await import("../run/registry_facts.ts");
  const found = await lookAt([registry], config.imageName, { tags: [tag], env, labels: false });
  return found[registry.name]?.[tag] ?? null;
}
