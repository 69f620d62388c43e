import type { MadeImage } from "./base.ts";
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
  /** Start a private engine without asking. */
  readonly yes?: boolean;
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
