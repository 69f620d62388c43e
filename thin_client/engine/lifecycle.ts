import { existsSync, rmSync } from "node:fs";
import { engineSocket, hasOwnEngine, privateEngineEnv } from "../../lib/doors/engine.ts";
import { withoutForeign } from "../../lib/model/caller_variables.ts";
import { engineFix, isWithoutEngine } from "../../lib/model/engine.ts";
import { UserError } from "../../lib/model/errors.ts";
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

/** The environment of our own commands with a pointer to the private engine taken out: it names nothing of the user's own. */
function withoutPrivate(all: Env): Env {
  const env = withoutForeign(all);
  if (env["DOCKER_HOST"] !== `unix://${engineSocket(env)}`) return env;
  return { ...env, DOCKER_HOST: undefined };
}

/** Whether the user's own engine answers; a named one that does not is a mistake to mend, not a reason for another. */
async function ownEngineAnswers(env: Env): Promise<boolean> {
  if (!hasOwnEngine(env)) return false;
  const named = env["DOCKER_HOST"] || env["DOCKER_CONTEXT"];
  const alive = named
    ? (await run(["docker", "version", "--format", "{{.Server.Version}}"], { env })).code === 0
    : await answers("/var/run/docker.sock");
  if (alive) return true;
  throw new UserError(`the engine behind "${named ?? "/var/run/docker.sock"}" does not answer`, {
    why: "your own engine always wins over the private one; it is not running, or permission denied talk to it.",
    fix: named
      ? "Start it, or forget it: unset DOCKER_HOST DOCKER_CONTEXT"
      : "Start it: sudo systemctl start docker   (a socket left by a removed engine: sudo rm /var/run/docker.sock)",
    kind: "no_engine",
  });
}

/** Tells what runs, without changing anything. */
export async function engineStatus(options: EngineOptions = {}): Promise<EngineStatus> {
  const env = withoutPrivate(options.env ?? process.env);
  const at = layout(env);
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

/** Brings up an engine and what else is asked for; what runs already is left alone. */
export async function engineUp(options: UpOptions = {}): Promise<EngineStatus> {
  const env = withoutPrivate(options.env ?? process.env);
  const at = layout(env);
  const say = options.say ?? (() => undefined);
  const own = await ownEngineAnswers(env);
  if (own) say("your own Docker engine answers; it is used as it is");
  else if (!(await daemonAnswers(at))) await assertMayStart(at, env, options.yes ?? false);
  await withLock(
    at.home,
    () => say("waiting for another engine command to end"),
    async () => {
      addHolder(at, options.holder ?? defaultHolder());
      await bringUp(at, env, { own, options });
    },
  );
  return engineStatus({ env });
}

/** What needs no engine is made while the engine comes up; one that runs is asked first what it has. */
async function bringUp(at: Layout, env: Env, { own, options }: { own: boolean; options: UpOptions }): Promise<void> {
  const say = options.say ?? (() => undefined);
  const docker = { ...env, ...(hasOwnEngine(env) ? {} : privateEngineEnv(env)) };
  const runs = own || (await daemonAnswers(at));
  const images = options.images ?? [];
  const archives = runs ? [] : images.map((name) => ensureMadeArchive(at, name, say));
  const emulation = options.multiArch ? registerArm(at, say) : undefined;
  const registries = async () => {
    if (!options.registries) return;
    await ensurePrograms(at, say);
    await startRegistries(at, env, say);
  };
  await allOf([own ? undefined : bringUpPrivate(at, env, say), ...archives, emulation, registries()]);
  for (const name of images) await ensureMade(at, docker, name, say);
}

async function bringUpPrivate(at: Layout, env: Env, say: (line: string) => void): Promise<void> {
  if (await daemonAnswers(at)) return;
  assertAlone(at);
  await allOf([installPackages(at, ["runc", "iptables"]), ensurePrograms(at, say)]);
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

/** Asks whether a private engine may be started; a machine that cannot have one is told before the question. */
async function assertMayStart(at: Layout, env: Env, yes: boolean): Promise<void> {
  if (isWithoutEngine(env))
    throw new UserError("a private engine does not start in this container", {
      why: "It is not privileged: only container: {privileged: true} in repo_config.yaml lets an engine run inside.",
      fix: engineFix(true),
      kind: "no_engine",
    });
  assertDebian();
  assertRoot();
  assertShortHome(at.home);
  if (yes) return;
  const question = `No Docker engine answers. Start a private one in ${at.home} (apt-get installs runc and iptables; downloads 100 MB)?`;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UserError("no Docker engine answers, and a private one is not started unasked", {
      why: "there is no terminal to ask on.",
      fix: "Pass --yes, or install Docker.",
      kind: "no_engine",
    });
  }
  const { confirm } = await import("../../node_modules/@inquirer/prompts/dist/index.js");
  if (await confirm({ message: question, default: true }, { output: process.stderr })) return;
  throw new UserError("no Docker engine was started", {
    why: "the question was answered with no.",
    fix: "Install Docker, or run the same command again and answer yes.",
    kind: "no_engine",
  });
}

/** Counts one user out, and stops everything when it was the last; gives whether it stopped. */
export async function engineDown(options: DownOptions = {}): Promise<boolean> {
  const env = withoutPrivate(options.env ?? process.env);
  const at = layout(env);
  const say = options.say ?? (() => undefined);
  if (!existsSync(at.home)) return true;
  const stopped = await withLock(
    at.home,
    () => say("waiting for another engine command to end"),
    async () => {
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
    },
  );
  if (stopped && options.purge) await removeFolder(at.home, at.packages, at.images);
  return stopped;
}
