import { releaseBefore } from "../names/releases.ts";
import type { ReleaseStage } from "../names/stage.ts";
import { compareVersions, isVersion } from "../names/version.ts";
import type { AllFacts } from "../plan/facts.ts";

/**
 * What the changelog says of a version. A prod release also brings what the dev entries since the prod release before it
 * say, for it stands on a dev image (design.md, "dev and prod versions").
 */
export function changesOf(facts: Pick<AllFacts, "changelog" | "log">, stage: ReleaseStage, version: string): string[] {
  const own = facts.changelog.filter((entry) => entry.stage === stage && entry.version === version);
  if (stage === "dev" || !isVersion(version)) return own.flatMap(({ changes }) => changes);
  const before = releaseBefore(facts.log, stage, version);
  const since = facts.changelog.filter(
    (entry) =>
      entry.stage === "dev" &&
      compareVersions(entry.version, version) <= 0 &&
      (!before || compareVersions(entry.version, before.version) > 0),
  );
  return [...own, ...since].flatMap(({ changes }) => changes);
}
