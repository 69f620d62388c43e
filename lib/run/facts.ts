import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { type ImageBase, targetRegistries, withBase } from "../config/registry.ts";
import { now } from "../doors/clock.ts";
import { engineEnv } from "../doors/engine.ts";
import { insideRepo, readRepoText } from "../doors/files.ts";
import { findPlace, loadThinEnv, newPlace, noPlace } from "../doors/place.ts";
import { emptyConfig, isGivenSocket, loadConfig, loadHost, loadUser, socketOf } from "../doors/settings.ts";
import { withoutForeign } from "../names/caller_variables.ts";
import { currentEntry, readChangelog } from "../names/changelog.ts";
import { usualPlatforms } from "../names/platform.ts";
import type { ReleaseStage } from "../names/stage.ts";
import type { Version } from "../names/version.ts";
import type { Need, NeededFacts } from "../plan/facts.ts";
import { type Base, loadNeeds } from "./needs.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** The options that say what is looked at, where a script has them. */
export type Asked = {
  readonly version?: Version;
  readonly devVersion?: Version;
  /** A tag; of a build, whether it is of the commit's own. */
  readonly candidate?: string | boolean;
  readonly images?: readonly string[];
  readonly targetRegistries?: readonly string[];
  readonly multiArch?: readonly string[];
  readonly builder?: string;
  readonly buildArg?: readonly string[];
  readonly pytestOpts?: readonly string[];
  readonly snapshot?: boolean;
  readonly baseName?: ImageBase;
};
export type Request = {
  readonly needs: readonly Need[];
  /** The stage that the flow releases, moves or looks at. */
  readonly stage: ReleaseStage;
  /** A stage whose tags are looked at too. */
  readonly also?: ReleaseStage;
  /** Whether the stage's newest changelog entry is meant when no version is given. */
  readonly versionFromChangelog: boolean;
  readonly options: Asked;
  readonly dir: string;
  /** Without it a runnable dir. `new`: it is to become one, and has no config yet. `none`: the script belongs to no repo. */
  readonly place?: "new" | "none" | undefined;
  readonly offline: boolean;
  readonly env: Env;
  /** All that `.env` assigns; what it may set is in `env` too. */
  readonly dotEnv: Readonly<Record<string, string>>;
};

/** The environment of every command: the caller's, with the private engine's variables where no other engine is there. */
export const commandEnv = (env: Env): Record<string, string> => ({
  ...(env as Record<string, string>),
  ...engineEnv(env),
});

/** Buildx would start Git in the repo, with the repo's own settings, for what no image of Slipway's holds. */
const quietBuilder: Record<string, string> = { BUILDX_GIT_INFO: "false" };

/** Reads the world once, only as far as the script's needs go; reading what was not asked for is our bug and throws. */
export async function loadFacts(request: Request): Promise<NeededFacts> {
  const base = await loadBase(request);
  return Object.create(
    unloaded,
    Object.getOwnPropertyDescriptors({ ...base, ...(await loadNeeds(base, request)) }),
  ) as NeededFacts;
}

/** The version that was typed, else the newest entry's of the stage; a candidate that was typed has none. */
function versionOf({ options, versionFromChangelog, stage }: Request, changelog: Base["changelog"]) {
  if (options.version) return { version: options.version, versionFrom: "option" as const };
  const isNewest = versionFromChangelog && typeof options.candidate !== "string";
  const entry = isNewest ? currentEntry(changelog, stage) : undefined;
  return { version: entry?.version ?? null, versionFrom: entry ? ("changelog" as const) : null };
}

/** Paths of the runnable dir that the config gives to containers: one that is a link would give them what it leads to. */
const namedPaths = ({ container, testMounts }: Config): string[] => [
  ...container.volumes.map((volume) => volume.split(":")[0] ?? "").filter((source) => source.startsWith(".")),
  ...[container.envFile, container.composeFiles, testMounts].flat(),
];

function placeOf({ place, dir }: Request, env: Env): Base["place"] {
  if (place === "none") return noPlace(env);
  return place === "new" ? newPlace(dir) : findPlace(dir);
}

/** What has no repo has no image either. */
async function configOf(asked: Request["place"], place: Base["place"], env: Env): Promise<Config> {
  if (asked === "none") return { ...emptyConfig, imageName: "" };
  return asked === "new" ? emptyConfig : loadConfig(place, env);
}

/** What is read for every script: it costs a few files. */
async function loadBase(request: Request): Promise<Base> {
  const own = commandEnv(withoutForeign(request.env));
  const place = placeOf(request, own);
  const { baseName } = request.options;
  const ofDir = await configOf(request.place, place, own);
  const config = baseName ? withBase(ofDir, baseName) : ofDir;
  const env = { ...profileOf(config), ...own, ...quietBuilder };
  for (const path of namedPaths(config)) insideRepo([place.root], join(place.dir, path));
  const user = loadUser(env);
  const changelogText = readRepoText(place.root, join(config.imageOf ?? place.dir, "changelog.txt"));
  const changelog = readChangelog(changelogText ?? "", config.imageName).entries;
  const mounts = await hostMounts(place.root, env);
  const { targetRegistries: named = [], multiArch, builder = null } = request.options;
  return {
    place,
    user,
    config,
    changelogText,
    changelog,
    targets: targetRegistries(config.registries, named),
    env,
    webhook: env[config.notify.slack] ?? request.dotEnv[config.notify.slack] ?? "",
    stage: request.stage,
    platforms: platformsOf(config, multiArch),
    builder,
    ...versionOf(request, changelog),
    host: loadHost(env),
    socket: socketOf(env),
    hostMounts: mounts,
    composeBinds: mounts === null ? [] : await composeBinds(place, config),
    slipway: config.container.slipway ? await slipwayMounts(place.root, env, config) : [],
    innerEngine: config.container.dind ? await innerEngine(env) : [],
    thinEnv: loadThinEnv(place.root),
    ci: Boolean(env["CI"] || env["CSFY_CI"]),
    now: now(),
    terminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
  };
}

/** What of the engine's machine is mounted here, in a container that has its engine's socket; a machine itself reads no more. */
async function hostMounts(root: string, env: Base["env"]): Promise<Base["hostMounts"]> {
  return isGivenSocket() ? (await import("../doors/outside.ts")).loadHostMounts(root, env) : null;
}

async function composeBinds({ root, dir }: Base["place"], { container }: Config): Promise<Base["composeBinds"]> {
  const { loadComposeBinds } = await import("../doors/outside.ts");
  return loadComposeBinds(
    root,
    container.composeFiles.map((name) => join(dir, name)),
  );
}

async function slipwayMounts(root: string, env: Base["env"], { container }: Config): Promise<Base["slipway"]> {
  const { loadSlipway } = await import("../doors/slipway_mounts.ts");
  return loadSlipway(root, env, { docker: container.socket });
}

async function innerEngine(env: Base["env"]): Promise<Base["innerEngine"]> {
  const { loadInnerEngine } = await import("../doors/inner_engine.ts");
  return loadInnerEngine(env);
}

/**
 * The profile of AWS that all registries of kind ecr have, for programs that ask AWS themselves, as docker's credential helper
 * of Amazon does.
 */
function profileOf({ registries }: Config): Record<string, string> {
  const [profile, ...others] = new Set(registries.filter(({ kind }) => kind === "ecr").map((one) => one.profile));
  return profile && others.length === 0 ? { AWS_PROFILE: profile } : {};
}

/** What `--multi-arch` names; without a value what the config does, else the usual two; without the option what the config does. */
function platformsOf(config: Config, asked: readonly string[] | undefined): readonly string[] {
  if (asked === undefined) return config.release.platforms;
  if (asked.length > 0) return asked;
  return config.release.platforms.length > 0 ? config.release.platforms : usualPlatforms;
}

/** What the types of flows do not hold: those two throw when they are read and were not loaded. */
const unloaded: object = Object.defineProperties(
  {},
  Object.fromEntries(
    (["git", "tree"] as const).map((name) => [
      name,
      {
        get: () => {
          throw new Error(`the flow reads facts.${name}, which its script does not name in needs`);
        },
      },
    ]),
  ),
);
