import { UserError } from "../errors.ts";
import type { EngineFacts } from "../plan/facts.ts";
import { sentence } from "../text/visible.ts";

export const plugins = ["buildx", "compose"] as const;
type Plugin = (typeof plugins)[number];

/** The first engine that builds a Dockerfile with `COPY --chmod` and cache mounts and runs what Compose 2 asks for. */
export const oldestEngine = [20, 10] as const;

/**
 * What the engine says where it cleans up after an image that was removed while another with the same layers is unpacked
 * (moby/buildkit#6521, containerd#10835): the next time they are there, or made anew.
 */
export const cleanedMeanwhile = "parent snapshot sha256:[0-9a-f]+ does not exist";

/** What gives an engine: inside a container of ours that is what repo_config.yaml allows it. */
export const engineFix = (inside: boolean): string =>
  inside
    ? "Run it outside of this container; or give containers the engine there: container: {socket: true} in repo_config.yaml, then i trust"
    : "Start Docker, or a private engine: i engine up";

type Env = Readonly<Record<string, string | undefined>>;

/** Whether this is a container of ours: each is told where the machine that it was started on has the code. */
export const isInContainer = (env: Env): boolean => Boolean(env["CSFY_HOST_GIT_ROOT_PATH"]);

/** Whether it is one that may have no engine of its own. */
export const isWithoutEngine = (env: Env): boolean => isInContainer(env) && env["CSFY_ENABLE_DIND"] !== "1";

/** Asks for an engine that answers, and for the plugins that are needed, with an engine that is not too old for them. */
export function assertEngine(engine: EngineFacts, needed: readonly Plugin[]): void {
  const { up, why, version, plugins: found } = engine;
  if (!up)
    throw new UserError("no Docker engine answers", {
      why: sentence(why),
      fix: engineFix(engine.inside === true),
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
