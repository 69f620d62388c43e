import { join } from "node:path";
import { now, today } from "../doors/clock.ts";
import { engineEnv } from "../doors/engine.ts";
import { readText } from "../doors/files.ts";
import { emptyConfig, findPlace, loadConfig, loadHost, loadUser, newPlace, socketOf } from "../doors/settings.ts";
import { currentEntry, readChangelog } from "../model/changelog.ts";
import type { Config } from "../model/config.ts";
import type { Facts, Need } from "../model/facts.ts";
import { usualPlatforms } from "../model/platform.ts";
import { targetRegistries } from "../model/registry.ts";
import type { ReleaseStage } from "../model/stage.ts";
import type { Version } from "../model/version.ts";
import { type Base, costly, loadNeeds } from "./needs.ts";

type Env = Readonly<Record<string, string | undefined>>;
export type Request = {
  readonly needs: readonly Need[];
  /** The stage that the flow releases, moves or looks at. */
  readonly stage: ReleaseStage;
  /** Whether the stage's newest changelog entry is meant when no version is given. */
  readonly versionFromChangelog: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  readonly dir: string;
  /** The dir is to become runnable: it has no config yet. */
  readonly newDir: boolean;
  readonly offline: boolean;
  readonly env: Env;
};

/** The environment of every command: the caller's, with the private engine's variables where no other engine is there. */
export const commandEnv = (env: Env): Record<string, string> => ({
  ...(env as Record<string, string>),
  ...engineEnv(env),
});

/** Reads the world once, only as far as the script's needs go; reading what was not asked for is our bug and throws. */
export async function loadFacts(request: Request): Promise<Facts> {
  const base = await loadBase(request);
  return Object.create(
    unloaded,
    Object.getOwnPropertyDescriptors({ ...base, ...(await loadNeeds(base, request)) }),
  ) as Facts;
}

/** The version that was typed, else the newest entry's of the stage; a candidate that was typed has none. */
function versionOf({ options, versionFromChangelog, stage }: Request, changelog: Base["changelog"]) {
  const typed = options["version"] as Version | undefined;
  if (typed) return { version: typed, versionFrom: "option" as const };
  const isNewest = versionFromChangelog && typeof options["candidate"] !== "string";
  const entry = isNewest ? currentEntry(changelog, stage) : undefined;
  return { version: entry?.version ?? null, versionFrom: entry ? ("changelog" as const) : null };
}

type Typed = {
  readonly targetRegistries: string[];
  readonly multiArch: readonly string[];
  readonly builder: string;
};

/** What is read for every script: it costs a few files. */
async function loadBase(request: Request): Promise<Base> {
  const env = commandEnv(request.env);
  const place = request.newDir ? newPlace(request.dir) : findPlace(request.dir);
  const config = request.newDir ? emptyConfig : await loadConfig(place, env);
  const user = loadUser(env);
  const changelogText = readText(join(place.root, place.dir, "changelog.txt"));
  const changelog = readChangelog(changelogText ?? "", config.imageName).entries;
  const { targetRegistries: named = [], multiArch, builder = null } = request.options as Partial<Typed>;
  return {
    place,
    user,
    config,
    changelogText,
    changelog,
    targets: targetRegistries(config.registries, named),
    env,
    stage: request.stage,
    platforms: platformsOf(config, multiArch),
    builder,
    ...versionOf(request, changelog),
    host: loadHost(),
    socket: socketOf(env),
    ci: Boolean(env["CI"] || env["CSFY_CI"]),
    today: today(),
    nonce: String(Math.floor(now() / 1000)),
    terminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
  };
}

/** What `--multi-arch` names; without a value what the config does, else the usual two; without the option what the config does. */
function platformsOf(config: Config, asked: readonly string[] | undefined): readonly string[] {
  if (asked === undefined) return config.release.platforms;
  if (asked.length > 0) return asked;
  return config.release.platforms.length > 0 ? config.release.platforms : usualPlatforms;
}

/** Parts that were not loaded throw when a flow reads them. */
const unloaded: object = Object.defineProperties(
  {},
  Object.fromEntries(
    costly.map((name) => [
      name,
      {
        get: () => {
          throw new Error(`the flow reads facts.${name}, which its script does not name in needs`);
        },
      },
    ]),
  ),
);
