import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

type Env = Readonly<Record<string, string | undefined>>;

const systemSocket = "/var/run/docker.sock";

/** Where programs keep what is a user's own: `${XDG_DATA_HOME:-$HOME/.local/share}`. */
export const dataHome = (env: Env): string => env["XDG_DATA_HOME"] || join(env["HOME"] || homedir(), ".local", "share");

/** The folder of the private engine, below the user's data. */
export const engineHome = (env: Env): string => join(dataHome(env), "slipway", "engine");

/** What was fetched, and can be fetched again: `${XDG_CACHE_HOME:-$HOME/.cache}/slipway`, one for all engines of a user. */
export const cacheHome = (env: Env): string =>
  join(env["XDG_CACHE_HOME"] || join(env["HOME"] || homedir(), ".cache"), "slipway");

/** The socket that the private engine answers on while it runs. */
export const engineSocket = (env: Env): string => join(engineHome(env), "run", "docker.sock");

/** Whether the machine has an engine of its own, or the user named one: it always wins over the private one. */
export const hasOwnEngine = (env: Env): boolean =>
  Boolean(env["DOCKER_HOST"] || env["DOCKER_CONTEXT"]) || existsSync(systemSocket);

/** The variables that docker commands need here; empty where the user's own engine serves. */
export function engineEnv(env: Env): Record<string, string> {
  if (hasOwnEngine(env) || !existsSync(engineSocket(env))) return {};
  return privateEngineEnv(env);
}

/** The variables that lead to the private engine, whether it runs or not. */
export function privateEngineEnv(env: Env): Record<string, string> {
  const home = engineHome(env);
  const bin = join(home, "bin");
  return {
    DOCKER_HOST: `unix://${engineSocket(env)}`,
    DOCKER_CONFIG: env["DOCKER_CONFIG"] || join(home, "config"),
    PATH: [bin, ...(env["PATH"] ?? "").split(":").filter((folder) => folder !== "" && folder !== bin)].join(":"),
  };
}
