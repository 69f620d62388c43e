import type { Package } from "../python/packages.ts";
import type { PlatformImage } from "./layers.ts";
import type { Release } from "./releases.ts";
import type { ReleaseStage } from "./stage.ts";

/** A released image as a registry has it; no platform where none could be read, with the reason. */
export type ReleasedImage = Pick<Release, "stage" | "version" | "digest"> & {
  readonly platforms: readonly PlatformImage[];
  /** The package list that Git has at the commit of a dev image; null where it has none. */
  readonly packages: readonly Package[] | null;
  readonly why: string;
};

/** A run that released something, as this clone remembers it; a comfort, the log is the truth. Times in seconds. */
export type RunRecord = {
  readonly workflow: string;
  readonly stage: ReleaseStage;
  readonly version: string;
  /** ISO 8601. */
  readonly started: string;
  readonly ended: "done" | "stopped";
  readonly steps: readonly {
    readonly id: string;
    readonly title: string;
    readonly state: "done" | "already" | "open" | "skipped" | "failed";
    readonly seconds: number;
  }[];
};

/** A commit of the runnable dir. */
export type Commit = { readonly hash: string; readonly author: string; readonly subject: string };

/** The file that a report is to be written to, relative to `root`; `foreign` is one that Slipway did not write. */
/** Its path is relative to the outermost repo, absolute outside of it. */
export type OutputFile = { readonly path: string; readonly state: "absent" | "ours" | "foreign" };

/** Stands near the start of every report, so that Slipway knows the files that it may overwrite. */
export const writtenBy = "written by slipway";

/** The question before a file is overwritten that somebody else wrote; null where there is none. */
export const asksOverwrite = ({ output }: { readonly output: OutputFile | null }): string | null =>
  output?.state === "foreign" ? `Overwrite ${output.path}, which Slipway did not write?` : null;
