import { type MadeImage, madeImages } from "./base.ts";
import type { Env } from "./layout.ts";
import type { LoopbackRegistry } from "./registries.ts";

/** What every command of the engine gets from its caller. */
export type EngineOptions = {
  /** Decides which engine is meant; the process's own environment unless given. */
  readonly env?: Env;
  /** Who counts as a user of the engine; the session of the terminal unless given. */
  readonly holder?: number;
  /** Hears what is being done, one line each. */
  readonly say?: (line: string) => void;
};

/** What shall be there after `engineUp`. */
export type UpOptions = EngineOptions & {
  readonly registries?: boolean;
  /** What the engine shall have of the images that are made here. */
  readonly images?: readonly MadeImage[];
  readonly multiArch?: boolean;
};

/** What shall be left after `engineDown`. */
export type DownOptions = EngineOptions & {
  /** Stop although others use the engine. */
  readonly force?: boolean;
  /** Remove caches, images and packages too. */
  readonly purge?: boolean;
};

/** The state of the engine, as `status --json` prints it. */
export type EngineStatus = {
  /** Whose engine answers: the user's own, the private one, or none. */
  readonly engine: "own" | "private" | "none";
  readonly home: string;
  readonly socket: string | null;
  readonly holders: readonly number[];
  readonly registries: readonly (LoopbackRegistry & { readonly up: boolean })[];
  /** What the engine has of the images that are made here. */
  readonly images: readonly MadeImage[];
  readonly multiArch: boolean;
  /** The variables that docker commands need. */
  readonly env: Readonly<Record<string, string>>;
};

/** A line for the user's shell; of the PATH only what comes first is ours to say. */
const exportLine = (name: string, value: string): string =>
  name === "PATH" ? `export PATH='${value.split(":")[0]}':"$PATH"` : `export ${name}='${value}'`;

/** The state as a person reads it. */
export const describe = (status: EngineStatus): string =>
  [
    { own: "engine: your own", private: `engine: private, ${status.socket}`, none: "engine: none" }[status.engine],
    ...status.registries.map(({ name, address, up }) => `registry: ${address} (${name}) ${up ? "up" : "down"}`),
    ...madeImages.map((name) => `image: ${name} ${status.images.includes(name) ? "there" : "not there"}`),
    `arm64: ${status.multiArch ? "runs" : "does not run"}`,
    `used by: ${status.holders.join(", ") || "nobody"}`,
    ...Object.entries(status.env).map(([name, value]) => exportLine(name, value)),
  ].join("\n");
