import { UserError } from "../errors.ts";
import type { AllFacts, Facts, ImageFacts, LocalImage } from "../plan/facts.ts";
import { currentEntry, newest } from "./changelog.ts";
import { assertEngine } from "./engine.ts";
import { engineImage, engineRepository } from "./names.ts";
import { lastFlip, rolledBack } from "./releases.ts";
import { imageTag, type Stage } from "./stage.ts";
import { compareVersions, isVersion, majorMinor, type Version, versionIn } from "./version.ts";

/** The image a command means: its tag in the engine, and what the engine knows of it. */
export type Chosen = {
  readonly reference: string;
  readonly tag: string;
  readonly stage: Stage;
  readonly version: Version | null;
  readonly local: LocalImage | null;
  /** Why it is not the one that fits the code. */
  readonly note?: string;
};

/** The image as the title of a step names it. */
export const shownImage = ({ reference, note }: Chosen): string => (note ? `${reference} (${note})` : reference);

/** The image of a stage and an optional version: design.md, "Names", "Version omitted". */
export function chooseImage(facts: ImageFacts, stage: Stage, version: Version | null): Chosen {
  if (facts.config.release.none) return chooseBuilt(facts, version);
  if (stage === "local") return chooseLocal(facts, version);
  return inEngine(facts, chooseReleased(facts, stage, version, facts.engine.images));
}

/** The local image that is built anew for each use, where a dir releases none: nobody knows yet what it will be. */
function chooseBuilt(facts: Named & Pick<Facts, "changelog">, version: Version | null): Chosen {
  const code = version ?? newest(facts.changelog, "dev")?.version;
  if (code) return named(facts, "local", code);
  throw new UserError("no version was given and changelog.txt has no entries", {
    why: "repo_config.yaml says release: none, so the image is built for each use, and has the version of the code.",
    fix: "Add one to changelog.txt: i changelog_add; or give --version X.Y.Z",
  });
}

/** The user's local image of a version, else the newest one that fits the code. */
export function chooseLocal(facts: Facts<"engine">, version: Version | null): Chosen {
  const chosen = version ?? newestLocal(facts);
  if (!chosen) throw noLocal(facts);
  const image = named(facts, "local", chosen);
  return { ...image, local: facts.engine.images.find(({ reference }) => reference === image.reference) ?? null };
}

/**
 * The same for a released stage without a look at the engine: `dev-<code version>` where a registry has it and, by the log
 * that was seen last, it was not rolled back; else `dev`.
 */
export function chooseReleased(
  facts: Facts<"registries" | "lastLog">,
  stage: "dev" | "prod",
  version: Version | null,
  images: readonly LocalImage[] = [],
): Chosen {
  const code = currentEntry(facts.changelog, stage)?.version;
  if (version || !code) return named(facts, stage, version);
  if (rolledBack(facts.lastLog, stage, code)) {
    const note = `${code} was rolled back, ${stage} is ${lastFlip(facts.lastLog, stage)?.version}`;
    return { ...named(facts, stage, null), note };
  }
  const fitting = named(facts, stage, code);
  const there = () => Object.values(facts.registries).some((tags) => tags[fitting.tag]?.state === "found");
  return isHere(fitting, images) || there() ? fitting : named(facts, stage, null);
}

const isHere = ({ reference }: Chosen, images: readonly LocalImage[]): boolean =>
  images.some((image) => image.reference === reference);

type Named = Pick<Facts, "config" | "targets" | "user" | "version">;
type Seen = Named & Pick<AllFacts, "changelog" | "engine" | "lastLog">;

/** Whether only a registry can tell which image is meant. */
export function asksRegistries(seen: Seen, stage: Stage, version: Version | null): boolean {
  if (stage === "local" || version || seen.config.release.none) return false;
  const code = currentEntry(seen.changelog, stage)?.version;
  if (!code || rolledBack(seen.lastLog, stage, code)) return false;
  return !isHere(named(seen, stage, code), seen.engine.images);
}

function named(facts: Named, stage: Stage, version: Version | null): Chosen {
  const tag = imageTag(stage, facts.user.name, version ?? undefined);
  return { reference: engineImage(facts, stage, version), tag, stage, version, local: null };
}

function inEngine(facts: Facts<"engine" | "lastLog">, image: Chosen): Chosen {
  const local = facts.engine.images.find(({ reference }) => reference === image.reference) ?? null;
  if (!local || !isOutdated(facts, image, local)) return { ...image, local };
  return { note: "what the engine has under this name was rolled back", ...image, local: null };
}

/** Whether what the engine has under a mutable tag was rolled back: it was pulled before. */
function isOutdated(facts: Facts<"lastLog">, { stage, version }: Chosen, { labels }: LocalImage): boolean {
  const is = labels["org.opencontainers.image.version"] ?? "";
  if (stage === "local" || version !== null || !isVersion(is)) return false;
  return rolledBack(facts.lastLog, stage, is) !== undefined;
}

/** The newest own local image that fits the changelog's major.minor; the newest of all where none fits. */
function newestLocal(facts: Facts<"engine">): Version | null {
  const prefix = `${engineRepository(facts)}:${imageTag("local", facts.user.name)}-`;
  const versions = facts.engine.images.flatMap(({ reference }) =>
    reference.startsWith(prefix) ? (versionIn(reference.slice(prefix.length)) ?? []) : [],
  );
  const code = newest(facts.changelog, "dev")?.version;
  const fitting = versions.filter((version) => !code || majorMinor(version) === majorMinor(code));
  return [...(fitting.length > 0 ? fitting : versions)].sort(compareVersions).at(-1) ?? null;
}

/** What an engine has that does not answer nobody knows. */
function noLocal(facts: Facts<"engine">): UserError {
  assertEngine(facts.engine, []);
  return new UserError(`${facts.user.name} has no local image of ${facts.config.imageName} in the engine`, {
    why: "A local image is built on this machine and private to its user.",
    fix: "Build one: i docker_build_local --version X.Y.Z",
  });
}
