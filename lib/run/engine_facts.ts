import { assertEngine, plugins } from "../names/engine.ts";
import { imagesOfWords } from "../names/image_words.ts";
import { engineRepository } from "../names/names.ts";
import { imageTag, userTag } from "../names/stage.ts";
import type { EngineFacts, Facts } from "../plan/facts.ts";
import { passedOn } from "./ref_facts.ts";

type Base = Pick<Facts, "config" | "user" | "place" | "env">;

type Wanted = {
  readonly tags: readonly string[];
  /** The images that a person named. */
  readonly words?: readonly string[];
  /** Whether the user's own tags, of local images and candidates, are looked for. */
  readonly own: boolean;
};

/** What the engine knows of the image's tags, of the user's own ones, and of the images that a person named. */
export async function loadEngineFacts(base: Base, { tags, words = [], own }: Wanted): Promise<EngineFacts> {
  const { loadEngine } = await import("../doors/docker.ts");
  const repository = engineRepository(base);
  const named = async () => {
    const tagged = [...tags, ...(own ? await ownTags(base) : [])].map((tag) => `${repository}:${tag}`);
    return [...new Set([...tagged, ...imagesOfWords(base, words)])];
  };
  return loadEngine(named(), { cwd: base.place.root, env: base.env, seen: (await passedOn(base.env))?.engine ?? null });
}

async function ownTags(base: Base): Promise<readonly string[]> {
  const { imageTags } = await import("../doors/docker.ts");
  const own = [imageTag("local", base.user.name), `prod-${userTag(base.user.name)}`];
  const repository = engineRepository(base);
  const names = (await passedOn(base.env))?.names?.filter((name) => name.startsWith(`${repository}:`));
  const tags =
    names?.map((name) => name.slice(repository.length + 1)) ??
    (await imageTags(repository, { cwd: base.place.root, env: base.env }));
  return tags.filter((tag) => own.some((prefix) => tag.startsWith(`${prefix}-`)));
}

/** The cause of a docker command that failed, where it lies in the engine: none answers, or it is too old for the command's plugin, which may be missing. */
export async function assertEngineNow({ place, env }: Pick<Facts, "place" | "env">, subcommand: string): Promise<void> {
  const { loadEngine } = await import("../doors/docker.ts");
  const needed = plugins.filter((plugin) => plugin === subcommand);
  assertEngine(await loadEngine([], { cwd: place.root, env }), needed);
}
