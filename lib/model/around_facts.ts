import type { EngineContainer } from "./engine_container.ts";
import type { LocalImage, TagState } from "./facts.ts";

/** One tag of one image in the engine; `id` whole, `size` and `created` in the engine's words. */
export type ListedImage = {
  readonly repository: string;
  readonly tag: string;
  readonly id: string;
  readonly size: string;
  readonly created: string;
};

/** A file that `docker save` writes or wrote; `digest` is null where the file is not there or not one of these. */
export type Archive = {
  /** Absolute. */
  readonly path: string;
  readonly exists: boolean;
  readonly digest: string | null;
  readonly version: string | null;
};

/** A local image on its way from one user to another: `local-<giver>-X.Y.Z` wherever it is. */
export type HandedOver = {
  /** The file that was named with --file. */
  readonly archive: Archive | null;
  readonly inEngine: LocalImage | null;
  /** In the first target registry; null where there is none, or a file was named. */
  readonly inRegistry: TagState | null;
};

/** What a running container uses, in the engine's words. */
export type ContainerStats = {
  readonly id: string;
  readonly name: string;
  readonly cpu: string;
  readonly memory: string;
  readonly memoryShare: string;
  readonly network: string;
  readonly disk: string;
  readonly processes: string;
};

/** What a container starts with unless it is told otherwise. */
export type ImageSettings = {
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
};

/** What a container is to be committed into. */
export type PatchFacts = {
  /** The image that the container was started from; null where the engine has it no more. */
  readonly startedFrom: ImageSettings | null;
  /** `dev_<name>` or `local-<user>-X.Y.Z`; null where no container was found. */
  readonly tag: string | null;
  /** What that tag is in the first target registry, where it is to be pushed. */
  readonly inRegistry: TagState | null;
};

/** What the commands around containers read of the world; each part is a need of its own. */
export type AroundFacts = {
  readonly containers: readonly EngineContainer[];
  /** Of the containers that a report is about: the own ones, or all with --all. */
  readonly stats: readonly ContainerStats[];
  readonly listedImages: readonly ListedImage[];
  readonly handedOver: HandedOver;
  readonly patch: PatchFacts;
  /** The port of this machine that a container is to be reached on; null where none is free. */
  readonly port: { readonly number: number | null; readonly free: boolean };
};
export const aroundNames = [
  "containers",
  "stats",
  "listedImages",
  "handedOver",
  "patch",
  "port",
] as const satisfies readonly (keyof AroundFacts)[];
