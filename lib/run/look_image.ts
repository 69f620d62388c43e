import { asksRegistries } from "../names/choose_image.ts";
import type { Stage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { AllFacts, EngineFacts, Facts, Looked } from "../plan/facts.ts";
import { loadEngineFacts } from "./engine_facts.ts";
import { loadGitFacts, loadRegistryFacts, loadRemoteFacts, wantedTags } from "./needs.ts";

type About = { readonly stage: Stage; readonly version?: Version | undefined; readonly offline: boolean };

/** What tells which image of a stage is meant, and how it is in the engine. */
export type ImageLook = Pick<AllFacts, "git" | "engine" | "lastLog" | "registries" | "services">;

/**
 * The engine and the last log tell which image is meant, mostly. What they leave open costs a look at registries, and at the
 * log as it is now: what is to be pulled may have been rolled back.
 */
export async function lookForImage(facts: Facts, { stage, version, offline }: About): Promise<ImageLook> {
  const tags = wantedTags(facts);
  const [git, engine, lastLog, services] = await Promise.all([
    loadGitFacts(facts),
    loadEngineFacts(facts, { tags, own: stage === "local" }),
    loadSeenLog(facts),
    loadJoined(facts),
  ]);
  if (!asksRegistries({ ...facts, engine, lastLog }, stage, version ?? null))
    return { git, engine, lastLog, services, registries: {} };
  const { latestLog } = await import("./ref_facts.ts");
  const [registries, latest] = await Promise.all([
    loadRegistryFacts(facts, tags, { offline }),
    latestLog({ base: facts, git, offline }),
  ]);
  return { git, engine, lastLog: latest, services, registries };
}

/** The services that a container of the dir reaches. */
async function loadJoined(facts: Facts): Promise<Looked["services"]> {
  const { joinedServices } = await import("./look_services.ts");
  return joinedServices(facts);
}

/** The same without a look at the engine; a version that was typed needs none. */
export async function lookForReleased(
  facts: Facts,
  { version, offline }: About,
): Promise<Pick<Looked, "lastLog" | "registries">> {
  if (version) return { lastLog: [], registries: {} };
  const latest = async () => {
    const [remote, { latestLog }] = await Promise.all([loadRemoteFacts(facts), import("./ref_facts.ts")]);
    return latestLog({ base: facts, git: { ...remote, branch: null }, offline });
  };
  const [lastLog, registries] = await Promise.all([latest(), loadRegistryFacts(facts, wantedTags(facts), { offline })]);
  return { lastLog, registries };
}

/** What the engine knows of the images that a person named. */
export const lookForNamed = (facts: Facts, { images }: { readonly images: readonly string[] }): Promise<EngineFacts> =>
  loadEngineFacts(facts, { tags: wantedTags(facts), words: images, own: true });

/** The log that this clone saw last. */
export async function loadSeenLog(facts: Facts): Promise<Looked["lastLog"]> {
  const { lastSeenLog } = await import("./ref_facts.ts");
  return lastSeenLog(facts);
}
