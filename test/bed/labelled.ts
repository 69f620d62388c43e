import { tinyImage } from "./tiny.ts";
import { docker } from "./workflow.ts";

/**
 * Starts a container that sleeps, as this user would have started it of this image; gives its id. No run owns it, so none
 * reaps it; it has no network, where others' words would be counted as its own.
 */
export const startLabelled = (image: string, user: string, reference = tinyImage): Promise<string> =>
  docker(
    ...[
      "run",
      "--detach",
      "--init",
      "--network=none",
      "--label",
      `dev.slipway.image=${image}`,
      "--label",
      `dev.slipway.user=${user}`,
    ],
    ...[reference, "sleep", "600"],
  );

/** The containers with this image's label that still are. */
export const labelled = async (image: string): Promise<readonly string[]> => {
  const ids = await docker("ps", "--all", "--quiet", "--no-trunc", "--filter", `label=dev.slipway.image=${image}`);
  return ids.split("\n").filter((id) => id !== "");
};
