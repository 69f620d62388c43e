import { existsSync } from "node:fs";
import { binfmtFolder, emulationsOn } from "../../lib/formats/emulation.ts";
import { type Kind, kind } from "../../lib/plan/kind.ts";
import type { Action } from "../../lib/plan/plan.ts";
import { quote } from "../../lib/plan/render_plan.ts";
import { type Outcome, output, type World } from "../../lib/run/world.ts";
import { ensureMade, ensureMadeArchive, hasImage, type MadeImage } from "./base.ts";
import { codename } from "./bootstrap.ts";
import { endedBy } from "./command.ts";
import { daemonAnswers } from "./daemon.ts";
import { defaultHolder, liveHolders } from "./holders.ts";
import { engineDown, enginePlace, engineStatus, hold, type Place, purge, startPrivate } from "./lifecycle.ts";
import { registerArm, runsArm } from "./multi_arch.ts";
import { describe } from "./options.ts";
import { ensurePrograms, installPackages, isWholeEngine, missingOf, programsFolder } from "./packages.ts";
import { allAnswer, startRegistries } from "./registries.ts";

type Engine = Place & { readonly say: (line: string) => void };

/** The engine of a run, and what hears what is done to it. */
const engineOf = (world: World): Engine => ({
  ...enginePlace(world.facts.env),
  say: (line) => output(world, `${line}\n`),
});

/** How something is done to an engine: its programs end with the run, and false is that nothing was to be done. */
const done =
  <A extends Action>(work: (action: A, engine: Engine) => Promise<boolean>): Kind<A>["run"] =>
  async (action: A, world: World): Promise<Outcome> =>
    (await endedBy(world.signal, () => work(action, engineOf(world)))) ? "done" : "already";

const words = (...parts: readonly string[]): string => parts.map(quote).join(" ");

/** A process that counts as a user of the engine while it lives; null for the session of the terminal. */
export type HoldEngine = { readonly kind: "hold_engine"; readonly holder: number | null };
export const holdEngine = kind<HoldEngine>("hold_engine", {
  lines: ({ holder }) => [
    `# i engine down leaves the engine up while ${holder === null ? "this session" : `process ${holder}`} lives`,
  ],
  run: done(({ holder }, { at, say }) => hold(at, holder ?? defaultHolder(), say)),
});

/** The engine's programs, unpacked into a folder of the user's and installed nowhere. */
export type UnpackEngine = {
  readonly kind: "unpack_engine";
  readonly packages: readonly string[];
  readonly folder: string;
  /** They are there for the registries alone, and none is started where some answer, whoever started them. */
  readonly unlessAnswered: boolean;
};
export const unpackEngine = kind<UnpackEngine>("unpack_engine", {
  lines: ({ packages, folder }) => [
    words("apt-get", "download", ...packages),
    `for each in *.deb; do dpkg-deb --extract "$each" ${quote(folder)}; done`,
  ],
  run: done(async ({ unlessAnswered }, { at, say }) => {
    if (unlessAnswered && (await allAnswer())) return false;
    const isThere = isWholeEngine(programsFolder(at));
    // What points at them is made anew where they are there too.
    await ensurePrograms(at, say);
    return !isThere;
  }),
});

/** What the engine needs of the machine's own packages. */
export type InstallPackages = { readonly kind: "install_packages"; readonly packages: readonly string[] };
export const installHostPackages = kind<InstallPackages>("install_packages", {
  lines: ({ packages }) => [words("apt-get", "install", "--yes", "--no-install-recommends", ...packages)],
  run: done(async ({ packages }, { at }) => {
    if ((await missingOf(packages)).length === 0) return false;
    await installPackages(at, packages);
    return true;
  }),
});

/** The private engine, with all that it has below one folder. */
export type StartEngine = { readonly kind: "start_engine"; readonly home: string };
export const startEngine = kind<StartEngine>("start_engine", {
  lines: ({ home }) => [
    words(
      ...["dockerd", "--data-root", `${home}/data`, "--exec-root", `${home}/run/exec`],
      ...["--host", `unix://${home}/run/docker.sock`],
    ),
  ],
  run: done((_action, engine) => startPrivate(engine, engine.say)),
});

/** Registries on loopback addresses, which stand for those of the Internet. */
export type StartRegistries = {
  readonly kind: "start_registries";
  readonly registries: readonly { readonly name: string; readonly address: string }[];
  readonly home: string;
  /** Those that answer are used, whoever started them; else an address that is taken is refused. */
  readonly unlessAnswered: boolean;
};
export const startLoopbackRegistries = kind<StartRegistries>("start_registries", {
  lines: ({ registries, home }) =>
    registries.map(
      ({ name, address }) =>
        `${words("docker-registry", "serve", `${home}/registries/${name}/config.yml`)} # on ${address}`,
    ),
  run: done(async ({ unlessAnswered }, { at, env, say }) =>
    unlessAnswered && (await allAnswer()) ? false : startRegistries(at, env, say),
  ),
});

/** The archive of an image of Debian's packages; made without an engine, and for none that has the image. */
export type MakeImage = {
  readonly kind: "make_image";
  readonly image: MadeImage;
  readonly packages: readonly string[];
  readonly archive: string;
};
export const makeImage = kind<MakeImage>("make_image", {
  lines: ({ image, packages, archive }) => [
    words(
      ...["debootstrap", "--variant=minbase"],
      ...(packages.length > 0 ? [`--include=${packages.join(",")}`] : []),
      ...[codename, "rootfs"],
    ),
    `# rootfs becomes the only layer of ${image} in ${archive}`,
  ],
  run: done(async ({ image, archive }, { at, docker, say }) => {
    if ((await hasImage(docker, image)) || existsSync(archive)) return false;
    await ensureMadeArchive(at, image, say);
    return true;
  }),
});

/** An image of the archives in the engine. */
export type LoadImage = { readonly kind: "load_image"; readonly image: MadeImage; readonly archive: string };
export const loadImage = kind<LoadImage>("load_image", {
  lines: ({ archive }) => [words("docker", "load", "--input", archive)],
  run: done(async ({ image }, { at, docker, say }) => {
    if (await hasImage(docker, image)) return false;
    await ensureMade(at, docker, image, say);
    return true;
  }),
});

/** The kernel's leave for programs of arm64 and 32-bit arm. */
export type AllowEmulation = { readonly kind: "allow_emulation" };
export const allowEmulation = kind<AllowEmulation>("allow_emulation", {
  lines: () => [
    "apt-get install --yes --no-install-recommends qemu-user-static",
    ...emulationsOn(process.arch).map(({ rule }) => `printf %s ${quote(rule)} >${binfmtFolder}/register`),
  ],
  run: done(async (_action, { at, say }) => {
    if (runsArm()) return false;
    await registerArm(at, say);
    return true;
  }),
});

/** What runs, as text and as data. */
export type ReportEngine = { readonly kind: "report_engine" };
export const reportEngine = kind<ReportEngine>("report_engine", {
  tells: true,
  waits: true,
  lines: () => ["i engine status"],
  run: async (_action, { facts, state }) => {
    const status = await engineStatus({ env: facts.env });
    state.text.push(describe(status));
    state.data = status;
    return "done";
  },
});

/** The end of all that the engine runs, unless a user of it still lives. */
export type StopEngine = {
  readonly kind: "stop_engine";
  /** Who uses it no longer; null for the session of the terminal. */
  readonly holders: readonly (number | null)[];
  readonly force: boolean;
  readonly home: string;
};
export const stopEngine = kind<StopEngine>("stop_engine", {
  lines: ({ home }) => [
    `pkill --full -- '--host unix://${home}/run/docker.sock'`,
    `pkill --full -- 'serve ${home}/registries/'`,
  ],
  run: done(async ({ holders, force }, { at, env, say }) => {
    const isUp = (await daemonAnswers(at)) || existsSync(at.registries);
    for (const [index, holder] of holders.entries())
      await engineDown({
        ...{ env, force, holder: holder ?? defaultHolder() },
        ...(index === holders.length - 1 ? { say } : {}),
      });
    return isUp;
  }),
});

/** All that an engine has, downloads too; it goes only where nobody uses the engine. */
export type RemoveEngine = { readonly kind: "remove_engine"; readonly folders: readonly string[] };
export const removeEngine = kind<RemoveEngine>("remove_engine", {
  lines: ({ folders }) => [words("rm", "-rf", "--one-file-system", ...folders)],
  run: async ({ folders }, world) => {
    const { at, say } = engineOf(world);
    if (isUsed(at)) {
      say("it is used, so it stays");
      return "open";
    }
    if (!folders.some(existsSync)) return "already";
    await purge(at);
    return "done";
  },
});

const isUsed = (at: Place["at"]): boolean => liveHolders(at).length > 0;

/** Whether somebody still uses the engine. */
export type ReportStopped = { readonly kind: "report_stopped"; readonly stopped: string; readonly used: string };
export const reportStopped = kind<ReportStopped>("report_stopped", {
  tells: true,
  waits: true,
  lines: () => ["i engine status"],
  run: async ({ stopped, used }, world) => {
    const isStopped = !isUsed(engineOf(world).at);
    world.state.text.push(isStopped ? stopped : used);
    world.state.data = { stopped: isStopped };
    return "done";
  },
});
