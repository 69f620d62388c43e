import { UserError } from "../errors.ts";

/** What `--multi-arch` without a value builds for, where the config names no platforms. */
export const usualPlatforms = ["linux/amd64", "linux/arm64"] as const;

/** `linux/amd64,linux/arm64` to a list in a fixed order, so that the same set makes the same image; throws on what is no platform. */
export function parsePlatforms(text: string): readonly string[] {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  for (const word of words)
    if (!/^linux\/[a-z0-9]+(\/v[0-9]+)?$/.test(word))
      throw new UserError(`"${word}" is not a platform`, {
        why: "A platform is an operating system and an architecture, as the OCI image index names them.",
        fix: `Write it like --multi-arch ${usualPlatforms.join(",")}`,
      });
  return [...new Set(words)].sort();
}

/**
 * The platform that every test list runs on: the engine's own; where it is not among those that are built, the first of
 * them, under emulation.
 */
export const testedPlatform = (platforms: readonly string[], own: string): string =>
  platforms.includes(own) ? own : (platforms[0] ?? own);

/** The last word of a platform, for the name of a step: `linux/arm/v7` to `arm_v7`. */
export const platformWord = (platform: string): string => platform.split("/").slice(1).join("_");
