import { statSync } from "node:fs";
import { hostname, release, type } from "node:os";
import { join, posix } from "node:path";
import { type Config, imageOfPath, parseConfig } from "../config/config.ts";
import { type ConfigSource, configReader } from "../config/config_reader.ts";
import { UserError } from "../errors.ts";
import { lineOfKey } from "../formats/yaml_lines.ts";
import { kindAt } from "../names/address.ts";
import { isInContainer } from "../names/engine.ts";
import type { Place, User } from "../plan/facts.ts";
import { exists, readRepoText, readText } from "./files.ts";
import { configFile, findPlace } from "./place.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What a dir has before it is runnable. */
export const emptyConfig: Config = parseConfig({
  file: configFile,
  value: { docker_info: { docker_image_name: "new" } },
  lineOf: () => 1,
});

/** The engine's socket on this machine and the group that may use it, for containers that talk to the engine. */
export function socketOf(env: Env): { path: string; gid: number } {
  const path = env["DOCKER_HOST"]?.replace(/^unix:\/\//, "") ?? "/var/run/docker.sock";
  return { path, gid: exists(path) ? statSync(path).gid : 0 };
}

/** repo_config.yaml of a place with its lines, for what reads a section of it. */
export async function loadConfigSource(place: Pick<Place, "root" | "dir">): Promise<ConfigSource> {
  const file = join(place.dir, configFile);
  return configSourceOf(file, readRepoText(place.root, file) ?? "");
}

/** The text of a config of that name, with its lines. */
export async function configSourceOf(file: string, text: string): Promise<ConfigSource> {
  const { load, YAMLException } = await import("../../node_modules/js-yaml/dist/js-yaml.mjs");
  const parse = (): unknown => {
    try {
      return text.trim() === "" ? null : load(text);
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error;
      throw new UserError(`${file}:${(error.mark?.line ?? 0) + 1} ${error.reason}`, {
        why: "The file is not YAML.",
        fix: "Correct that line",
        kind: "config",
      });
    }
  };
  return { file, value: parse(), lineOf: (path) => lineOfKey(text, path) };
}

/** Reads and checks repo_config.yaml of a place; `CSFY_ECR_BASE_PATH`, when set, is the address of the ecr registry. */
export async function loadConfig(place: Place, env: Env): Promise<Config> {
  const config = await configAt(place, loadHost(env).name);
  const ecr = env["CSFY_ECR_BASE_PATH"];
  if (!ecr) return config;
  return {
    ...config,
    registries: config.registries.map((registry) =>
      registry.name === "ecr" || registry.kind === "ecr"
        ? { ...registry, address: ecr, kind: kindAt(ecr, "ecr") }
        : registry,
    ),
  };
}

/** The config of a dir, which may use the image of another dir that uses another's; `users` are the dirs that lead to it. */
async function configAt(
  place: Pick<Place, "root" | "dir">,
  host: string,
  users: readonly string[] = [],
): Promise<Config> {
  const { root, dir } = place;
  const source = await loadConfigSource(place);
  const read = configReader(source);
  const typed = read.text(imageOfPath);
  if (typed === undefined) return parseConfig(source, { host });
  const of = posix.join(dir, typed).replace(/(?<=.)\/$/, "");
  const fail = (what: string) =>
    read.fail(
      imageOfPath,
      `is ${JSON.stringify(typed)}, ${what}`,
      "Name the dir whose image it uses, as in image_of: ../other",
    );
  if (posix.isAbsolute(typed) || of.startsWith("..")) return fail("which is not in this repo");
  if ([...users, dir].includes(of)) return fail(`which leads back to "${of}"`);
  if (!exists(join(root, of, configFile))) return fail(`and "${of}" has no ${configFile}`);
  if (findPlace(join(root, of)).owner !== findPlace(join(root, dir)).owner)
    return fail("which lies in another Git repo, and the log of its image too");
  const owner = { dir: of, config: await configAt({ root, dir: of }, host, [...users, dir]) };
  return parseConfig(source, { owner, host });
}

/** The machine as `hostname` and `uname` name it; a container of ours is on the machine that it was started on, which it was told. */
export const loadHost = (env: Env) => ({
  name: (isInContainer(env) && env["CSFY_HOST_NAME"]) || hostname(),
  system: type(),
  release: release(),
});

/** Whether an engine's socket is mounted here, as in a container that was given it (proc(5), /proc/pid/mountinfo). */
export const isGivenSocket = (): boolean => (readText("/proc/self/mountinfo") ?? "").includes("/docker.sock ");

/**
 * Who runs this: whom SLIPWAY_USER names, as where several machines of a CI have one name; the passwd line of the uid, which
 * every runtime reads the same; else what the environment says.
 */
export function loadUser(env: Env): User {
  const uid = process.getuid?.() ?? 0;
  const line = (readText("/etc/passwd") ?? "").split("\n").find((text) => text.split(":")[2] === String(uid));
  const [name, , , , , home] = line?.split(":") ?? [];
  return {
    name: env["SLIPWAY_USER"] || name || env["USER"] || `uid${uid}`,
    uid,
    gid: process.getgid?.() ?? 0,
    home: env["HOME"] || home || "/",
  };
}
