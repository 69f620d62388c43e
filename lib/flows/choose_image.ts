import { currentEntry, newest } from "../model/changelog.ts";
import { UserError } from "../model/errors.ts";
import type { Facts, LocalImage } from "../model/facts.ts";
import { engineImage, engineRepository } from "../model/names.ts";
import { imageTag, type Stage } from "../model/stage.ts";
import { compareVersions, majorMinor, type Version, versionIn } from "../model/version.ts";

/** The image a command means: its tag in the engine, and what the engine knows of it. */
export type Chosen = {
  readonly reference: string;
  readonly tag: string;
  readonly stage: Stage;
  readonly version: Version | null;
  readonly local: LocalImage | null;
};

/** The image of a stage and an optional version: design.md, "Names", "Version omitted". */
export function chooseImage(facts: Facts, stage: Stage, version: Version | null): Chosen {
  if (stage !== "local") return inEngine(facts, chooseReleased(facts, stage, version, facts.engine.images));
  const chosen = version ?? newestLocal(facts);
  if (!chosen) throw noLocal(facts);
  return inEngine(facts, named(facts, stage, chosen));
}

/** The same for a released stage without a look at the engine: `dev-<code version>` where a registry has it, else `dev`. */
export function chooseReleased(
  facts: Facts,
  stage: "dev" | "prod",
  version: Version | null,
  images: readonly LocalImage[] = [],
): Chosen {
  const code = currentEntry(facts.changelog, stage)?.version;
  if (version || !code) return named(facts, stage, version);
  const fitting = named(facts, stage, code);
  const here = images.some(({ reference }) => reference === fitting.reference);
  const there = Object.values(facts.registries).some((tags) => tags[fitting.tag]?.state === "found");
  return here || there ? fitting : named(facts, stage, null);
}

function named(facts: Facts, stage: Stage, version: Version | null): Chosen {
  const tag = imageTag(stage, facts.user.name, version ?? undefined);
  return { reference: engineImage(facts, stage, version), tag, stage, version, local: null };
}

const inEngine = (facts: Facts, image: Chosen): Chosen => ({
  ...image,
  local: facts.engine.images.find(({ reference }) => reference === image.reference) ?? null,
});

/** The newest own local image that fits the changelog's major.minor; the newest of all where none fits. */
function newestLocal(facts: Facts): Version | null {
  const prefix = `${engineRepository(facts)}:${imageTag("local", facts.user.name)}-`;
  const versions = facts.engine.images.flatMap(({ reference }) =>
    reference.startsWith(prefix) ? (versionIn(reference.slice(prefix.length)) ?? []) : [],
  );
  const code = newest(facts.changelog, "dev")?.version;
  const fitting = versions.filter((version) => !code || majorMinor(version) === majorMinor(code));
  return [...(fitting.length > 0 ? fitting : versions)].sort(compareVersions).at(-1) ?? null;
}

const noLocal = (facts: Facts): UserError =>
  new UserError(`${facts.user.name} has no local image of ${facts.config.imageName} in the engine`, {
    why: "A local image is built on this machine and private to its user.",
    fix: "Build one: i docker_build_local --version X.Y.Z",
  });
