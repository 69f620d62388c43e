import { existsSync, rmSync } from "node:fs";
import { engineSocket, hasOwnEngine, privateEngineEnv } from "../../lib/doors/engine.ts";
import { UserError } from "../../lib/errors.ts";
import { withoutForeign } from "../../lib/names/caller_variables.ts";
import { engineFix, isWithoutEngine } from "../../lib/names/engine.ts";
import { ensureMade, ensureMadeArchive, hasImage, madeImages } from "./base.ts";
import { allOf, removeFolder, run } from "./command.ts";
import { answers, assertAlone, daemonAnswers, startDaemonEngine, stopDaemonEngine } from "./daemon.ts";
import { assertDebian, assertRoot } from "./debian.ts";
import { addHolder, defaultHolder, liveHolders, removeHolder, withLock } from "./holders.ts";
import { assertShortHome, type Env, type Layout, layout } from "./layout.ts";
import { registerArm, runsArm, unregisterArm } from "./multi_arch.ts";
import type { DownOptions, EngineOptions, EngineStatus, UpOptions } from "./options.ts";
import { ensurePrograms, installPackages } from "./packages.ts";
import { networkOf } from "./processes.ts";
import { loopbackRegistries, registryRuns, startRegistries, stopRegistries } from "./registries.ts";

type Say = (line: string) => void;

/** Where the engine of an environment lies, and what programs get that work on it. */
export type Place = {
  readonly at: Layout;
  /** The environment with a pointer to the private engine taken out: it names nothing of the user's own. */
  readonly env: Env;
  /** What docker's client gets: the user's own engine always wins. */
  readonly docker: Env;
};

/** The engine that an environment means. */
export function enginePlace(all: Env): Place {
  const plain = withoutForeign(all);
  const isPrivate = plain["DOCKER_HOST"] === `unix://${engineSocket(plain)}`;
  const env = isPrivate ? { ...plain, DOCKER_HOST: undefined } : plain;
  return { at: layout(env), env, docker: { ...env, ...(hasOwnEngine(env) ? {} : privateEngineEnv(env)) } };
}

/** What packages of the machine's own distribution a private engine needs. */
export const hostPackages = ["runc", "iptables"] as const;

/** Whether the user's own engine answers; a named one that does not is a mistake to mend, not a reason for another. */
export async function ownEngineAnswers(env: Env): Promise<boolean> {
  if (!hasOwnEngine(env)) return false;
  const named = env["DOCKER_HOST"] || env["DOCKER_CONTEXT"];
  const alive = named
    ? (await run(["docker", "version", "--format", "{{.Server.Version}}"], { env })).code === 0
    : await answers("/var/run/docker.sock");
  if (alive) return true;
  throw new UserError(`the engine behind "${named ?? "/var/run/docker.sock"}" does not answer`, {
    why: "your own engine always wins over the private one; it is not running, or this user may not talk to it.",
    fix: named
      ? "Start it, or forget it: unset DOCKER_HOST DOCKER_CONTEXT"
      : "Start it: sudo systemctl start docker   (a socket left by a removed engine: sudo rm /var/run/docker.sock)",
    kind: "no_engine",
  });
}

/** Refuses a machine that cannot have a private engine. */
export function assertMayStart({ at, env }: Place): void {
  if (isWithoutEngine(env))
    throw new UserError("a private engine does not start in this container", {
      why: "It is not privileged: only container: {privileged: true} in repo_config.yaml lets an engine run inside.",
      fix: engineFix(true),
      kind: "no_engine",
    });
  assertDebian();
  assertRoot();
  assertShortHome(at.home);
}

/** Tells what runs, without changing anything. */
export async function engineStatus(options: EngineOptions = {}): Promise<EngineStatus> {
  const { at, env } = enginePlace(options.env ?? process.env);
  const own = await ownEngineAnswers(env).catch(() => false);
  const engine = own ? "own" : (await daemonAnswers(at)) ? "private" : "none";
  const variables = engine === "private" ? privateEngineEnv(env) : {};
  const registries = loopbackRegistries.map(async (registry) => ({
    ...registry,
    up: await registryRuns(at, registry),
  }));
  const docker = { ...env, ...variables };
  const held = engine === "none" ? [] : await Promise.all(madeImages.map((name) => hasImage(docker, name)));
  return {
    engine,
    home: at.home,
    socket: engine === "private" ? engineSocket(env) : null,
    holders: liveHolders(at),
    registries: await Promise.all(registries),
    images: madeImages.filter((_, index) => held[index]),
    multiArch: runsArm(),
    env: variables,
  };
}

/** Does something of the engine while no other command of it works; says so where that takes its time. */
const alone = <T>(at: Layout, say: Say, work: () => Promise<T>): Promise<T> =>
  withLock(at.home, () => say("waiting for another engine command to end"), work);

/** Counts a process in as a user of the engine: false where it was counted already. */
export const hold = (at: Layout, holder: number, say: Say): Promise<boolean> =>
  alone(at, say, async () => {
    const isNew = !liveHolders(at).includes(holder);
    if (isNew) addHolder(at, holder);
    return isNew;
  });

/** Starts the private engine, whose programs are there, unless it runs; gives whether it was started. */
export const startPrivate = ({ at, env }: Place, say: Say): Promise<boolean> =>
  alone(at, say, async () => {
    if (await daemonAnswers(at)) return false;
    await startAlone(at, env, say);
    return true;
  });

async function startAlone(at: Layout, env: Env, say: Say): Promise<void> {
  assertAlone(at);
  // Another home has another lock, and both could have been alone before their downloads.
  await withLock(
    `/run/lock/slipway-engine/${(networkOf("self") ?? "").replace(/\D/g, "")}`,
    () => say("waiting for an engine of another home to start"),
    async () => {
      assertAlone(at);
      say(`starting a private Docker engine in ${at.home}`);
      await startDaemonEngine(at, env);
    },
  );
}

/** Brings up an engine, unasked, and what else is wanted; what runs already is left alone. */
export async function engineUp(options: UpOptions = {}): Promise<EngineStatus> {
  const place = enginePlace(options.env ?? process.env);
  const { at, env } = place;
  const say = options.say ?? (() => undefined);
  const own = await ownEngineAnswers(env);
  if (own) say("your own Docker engine answers; it is used as it is");
  else if (!(await daemonAnswers(at))) assertMayStart(place);
  await hold(at, options.holder ?? defaultHolder(), say);
  await bringUp(place, { own, options, say });
  return engineStatus({ env });
}

type Bringing = { readonly own: boolean; readonly options: UpOptions; readonly say: Say };

/** What needs no engine is made while the engine comes up; one that runs is asked first what it has. */
async function bringUp(place: Place, { own, options, say }: Bringing): Promise<void> {
  const { at, env, docker } = place;
  const runs = own || (await daemonAnswers(at));
  const images = options.images ?? [];
  const archives = runs ? [] : images.map((name) => ensureMadeArchive(at, name, say));
  const emulation = options.multiArch ? registerArm(at, say) : undefined;
  const engine = async () => {
    if (runs) return;
    await allOf([installPackages(at, hostPackages), ensurePrograms(at, say)]);
    await startPrivate(place, say);
  };
  const registries = async () => {
    if (!options.registries) return;
    await ensurePrograms(at, say);
    await startRegistries(at, env, say);
  };
  await allOf([engine(), ...archives, emulation, registries()]);
  for (const name of images) await ensureMade(at, docker, name, say);
}

/** Counts one user out, and stops everything when it was the last; gives whether it stopped. */
export async function engineDown(options: DownOptions = {}): Promise<boolean> {
  const { at, env } = enginePlace(options.env ?? process.env);
  const say = options.say ?? (() => undefined);
  if (!existsSync(at.home)) return true;
  const stopped = await alone(at, say, async () => {
    removeHolder(at, options.holder ?? defaultHolder());
    const left = liveHolders(at);
    if (left.length > 0 && !options.force) {
      say(`the engine stays up: it is used by process ${left.join(", ")} (--force stops it anyway)`);
      return false;
    }
    await Promise.all([stopDaemonEngine(at, env), stopRegistries(at)]);
    unregisterArm(at);
    for (const gone of [at.holders, at.log]) rmSync(gone, { recursive: true, force: true });
    return true;
  });
  if (stopped && options.purge) await purge(at);
  return stopped;
}

/** The folders of an engine: downloads, images, data. */
export const purgedFolders = (at: Layout): readonly string[] => [at.home, at.packages, at.images];

/** Removes all that an engine has. */
export const purge = (at: Layout): Promise<void> => removeFolder(...purgedFolders(at));
