import { UserError } from "../errors.ts";
import type { Facts } from "../plan/facts.ts";
import { isDigest, isTag, parseReference } from "./image.ts";
import { engineRepository } from "./names.ts";
import { imageTag } from "./stage.ts";
import { isVersion } from "./version.ts";

/**
 * What a person calls an image, as a reference: a tag of this image (`dev`, `prod-1.0.0`, `local-1.0.0` with one's own
 * name in it), a digest of it, or a full reference. `local` alone is no name: which one it is, the engine knows.
 */
export function imageOfWord(facts: Pick<Facts, "config" | "user">, word: string): string {
  const repository = engineRepository(facts);
  const [, stage, rest] = /^(local|dev|prod)(?:-(.+))?$/.exec(word) ?? [];
  if (stage === "local" && rest && isVersion(rest)) return `${repository}:${imageTag("local", facts.user.name, rest)}`;
  if (stage && isTag(word)) return `${repository}:${word}`;
  if (isDigest(word)) return `${repository}@${word}`;
  parseReference(word);
  return word;
}

/** The images that the words of `--images` mean, for the look into the engine; a word that is none is the flow's to refuse. */
export const imagesOfWords = (facts: Pick<Facts, "config" | "user">, words: readonly string[]): string[] =>
  words.flatMap((word) => {
    try {
      return word === "local" ? [] : [imageOfWord(facts, word)];
    } catch (error) {
      if (error instanceof UserError) return [];
      throw error;
    }
  });
