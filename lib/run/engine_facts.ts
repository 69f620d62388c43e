import { assertEngine, plugins } from "../model/engine.ts";
import type { EngineFacts, Facts } from "../model/facts.ts";
import { imagesOfWords } from "../model/image_words.ts";
import { engineRepository } from "../model/names.ts";
import { imageTag, userTag } from "../model/stage.ts";

type Base = Pick<Facts, "config" | "user" | "place" | "env">;

/** What the engine knows of the image's tags, of the user's own ones, and of the images that a person named. */
export async function loadEngineFacts(
  base: Base,
  tags: readonly string[],
  words: readonly string[],
): Promise<EngineFacts> {
  const { loadEngine, localTags } = await import("../doors/docker.ts");
  const repository = engineRepository(base);
  const own = [imageTag("local", base.user.name), `prod-${userTag(base.user.name)}`];
  const local = await localTags(repository, own, { cwd: base.place.root, env: base.env });
  const tagged = [...tags, ...local].map((tag) => `${repository}:${tag}`);
  return loadEngine([...new Set([...tagged, ...imagesOfWords(base, words)])], base.place.root, base.env);
}

/** The cause of a docker command that failed, where it lies in the engine: none answers, or it is too old for the command's plugin, which may be missing. */
export async function assertEngineNow({ place, env }: Pick<Facts, "place" | "env">, subcommand: string): Promise<void> {
  const { loadEngine } = await import("../doors/docker.ts");
  const needed = plugins.filter((plugin) => plugin === subcommand);
  assertEngine(await loadEngine([], place.root, env), needed);
}
