import { UserError } from "./errors.ts";
import type { EngineFacts } from "./facts.ts";

export const plugins = ["buildx", "compose"] as const;
type Plugin = (typeof plugins)[number];

/** The first engine that builds a Dockerfile with `COPY --chmod` and cache mounts and runs what Compose 2 asks for. */
export const oldestEngine = [20, 10] as const;

/**
 * What the engine says where it cleans up after an image that was removed while another with the same layers is unpacked
 * (moby/buildkit#6521, containerd#10835): the next time they are there, or made anew.
 */
export const cleanedMeanwhile = "parent snapshot sha256:[0-9a-f]+ does not exist";

/** Asks for an engine that answers, and for the plugins that are needed, with an engine that is not too old for them. */
export function assertEngine({ up, why, version, plugins: found }: EngineFacts, needed: readonly Plugin[]): void {
  if (!up)
    throw new UserError("no Docker engine answers", {
      // Docker's own words may end with a question.
      why: /[.?!]$/.test(why) ? why : `${why}.`,
      fix: "Start Docker, or a private engine: i engine up",
      kind: "engine",
    });
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < oldestEngine[0] || (major === oldestEngine[0] && minor < oldestEngine[1]);
  if (isOld && needed.length > 0)
    throw new UserError(`the Docker engine is ${version}, older than ${oldestEngine.join(".")}`, {
      why: "Dockerfiles with COPY --chmod and cache mounts, and Compose 2, need a newer one.",
      fix: "Upgrade Docker, or use a private engine: i engine up",
      kind: "engine",
    });
  const missing = needed.find((name) => !found.includes(name));
  if (missing !== undefined)
    throw new UserError(`docker has no ${missing} plugin`, {
      why: `Images are built by buildx and containers started by compose; docker info lists ${found.join(", ") || "none"}.`,
      fix: "See how to install it: i doctor",
      kind: "engine",
    });
}

/** The error where an image is needed and not in the engine; what an engine has that does not answer nobody knows. */
export function lacksImage(
  engine: EngineFacts,
  reference: string,
  { why, fix }: { why: string; fix: string },
): UserError {
  assertEngine(engine, []);
  return new UserError(`the engine has no ${reference}`, { why, fix });
}
