import { posix } from "node:path";
import { type Container, type Mount, receiptPath, renderCompose } from "../config/container.ts";
import { type About, containerEnv, passedNames } from "../config/container_env.ts";
import { engineProgram, engineTools, engineVolume } from "../config/inner_engine.ts";
import type { Limits } from "../config/limits.ts";
import { assertBindsOnHost, pathOnHost, requireOnHost } from "../formats/host_paths.ts";
import { type Command, cmd } from "../kinds/command.ts";
import { type WriteFile, writeFile } from "../kinds/write_file.ts";
import type { Chosen } from "../names/choose_image.ts";
import type { Facts } from "../plan/facts.ts";
import { type Action, type Step, step, type Value } from "../plan/plan.ts";
import { quote } from "../plan/render_plan.ts";
import { callerIn } from "./caller.ts";
import { shortHash, slipwayFile } from "./own_files.ts";

export type Run = {
  readonly id: string;
  readonly title: string;
  readonly image: Chosen;
  /** What is started: the reference, a digest, or what an earlier step built. */
  readonly what: Value;
  readonly argv: readonly string[];
  readonly interactive?: true;
  readonly platform?: string;
  readonly asRoot?: boolean;
  readonly entrypoint?: boolean;
  /** The words are the entrypoint's own, as `docker run` has them: nothing stands between. */
  readonly bare?: true;
  /** What to set or type so that it starts without the entrypoint, where that is not --no-entrypoint. */
  readonly withoutEntrypoint?: string;
  readonly socket?: boolean;
  /** What runs in it has no use for an engine, so none is started inside. */
  readonly withoutEngine?: true;
  /** The folder that is mounted as the code instead of the outermost repo: a snapshot of it. */
  readonly code?: string;
  readonly cwd?: string;
  readonly mounts?: readonly Mount[];
  /** Variables whose values are known only when it runs. */
  readonly variables?: Readonly<Record<string, Value>>;
  /** Published instead of container.ports. */
  readonly ports?: readonly string[];
  /** The engine keeps nothing of what it prints. */
  readonly unlogged?: true;
  /** The network of services that it reaches. */
  readonly services?: string | null | undefined;
  readonly meaning?: Command["meaning"];
  readonly does?: string;
  readonly reason?: string;
  readonly shown?: true;
  readonly tee?: string;
  readonly evidence?: Command["evidence"];
  readonly retries?: number;
  readonly limits?: Limits;
  readonly before?: readonly Action[];
  readonly after?: readonly Action[];
};

/**
 * One container in one compose file of its own: mounts the outermost repo on /app, runs as the caller, is removed afterwards.
 * What stands behind an entrypoint leaves a receipt, for only that proves that the entrypoint ran it.
 */
export function runContainer(facts: Facts, run: Run): Step {
  const { hostMounts, place, user } = facts;
  assertBindsOnHost(hostMounts, facts.composeBinds, {
    dir: posix.join(codeRoot(facts, run), place.dir),
    home: user.home,
  });
  const container = describe(facts, run);
  const content = renderCompose(facts.config.imageName, container);
  const reached = reach(facts, run, container);
  const file = slipwayFile(facts, "compose", `${shortHash(content)}.yml`);
  // Paths in them are the runnable dir's, of a snapshot its own, and not of the Git dir, where the first file lies.
  const dir = posix.join(run.code ?? ".", facts.place.dir);
  const more = facts.config.container.composeFiles.flatMap((name) => [
    "--file",
    posix.join(isBeside(facts, name) ? facts.place.dir : dir, name),
  ]);
  const extra = more.length > 0 ? [...more, "--project-directory", dir] : [];
  const ports = container.settings.ports.length > 0 && "--service-ports";
  const runner = container.receipt ? receiptRunner(facts, run) : null;
  const argv = [...(runner ? [runnerPath] : []), ...run.argv];
  const line = cmd`docker compose --progress quiet --file ${file} ${extra} run ${ports} app ${argv}`;
  const start: Command = {
    ...line,
    env: { IMAGE: run.what, ...run.variables },
    container: true,
    ...(runner ? { receipt: receiptOf(facts, run) } : {}),
    ...(run.interactive ? { interactive: true, ownCode: true } : {}),
    ...(run.meaning ? { meaning: run.meaning } : {}),
    ...(run.does ? { does: run.does } : {}),
    ...(run.reason ? { reason: run.reason } : {}),
    ...(run.shown ? { shown: true } : {}),
    ...(run.tee ? { tee: run.tee } : {}),
    ...(run.evidence ? { evidence: run.evidence } : {}),
    ...(run.retries ? { retries: run.retries } : {}),
  };
  return step(run.id, run.title, [
    ...(run.before ?? []),
    ...(callerIn(facts, run)?.files ?? []),
    ...(runner ? [runner.file] : []),
    writeFile({ path: file, content, ...(reached.length > 0 ? { tells: reached } : {}) }),
    start,
    ...(run.after ?? []),
  ]);
}

/** How it starts without the entrypoint, and where the engine's machine has the receipt if that is elsewhere. */
const receiptOf = (facts: Facts, run: Run): NonNullable<Command["receipt"]> => ({
  without: run.withoutEntrypoint ?? "run it with --no-entrypoint",
  ...(facts.hostMounts ? { onHost: requireOnHost(facts.hostMounts, `${facts.place.gitDir}/slipway/receipts`) } : {}),
});

function describe(facts: Facts, run: Run): Container {
  const { stage, version, local } = run.image;
  const root = codeRoot(facts, run);
  const about: About = { stage, version, labels: local?.labels ?? {}, root: requireOnHost(facts.hostMounts, root) };
  const caller = callerIn(facts, run);
  const socket = run.socket || facts.config.container.socket;
  // What the engine starts itself needs none; a compose file of the config may name another entrypoint.
  const engine = innerEngineOf(facts, run);
  const receipt =
    engine !== null || (!run.bare && (run.entrypoint !== false || facts.config.container.composeFiles.length > 0));
  return {
    receipt,
    startedBy: facts.user.name,
    workingDir: posix.join("/app", placesOf(facts, run).entrypoint),
    environment: { ...containerEnv(facts, about), ...(caller ? { HOME: caller.home } : {}) },
    passed: [...passedNames(facts), ...Object.keys(run.variables ?? {})],
    mounts: [
      ...(receipt ? [receiptRunner(facts, run).mount] : []),
      ...codeMounts(facts, run),
      ...(caller?.mounts ?? []),
      ...homeMounts(facts, caller?.home ?? "/root"),
      ...(socket ? [{ source: facts.socket.path, target: "/var/run/docker.sock" }] : []),
      ...(run.mounts ?? []),
    ]
      .map((mount) => ({ ...mount, source: requireOnHost(facts.hostMounts, mount.source) }))
      .concat(engine ? ofThisMachine(facts, facts.innerEngine) : [], slipwayMounts(facts, run)),
    platform: run.platform ?? null,
    user: caller ? `${facts.user.uid}:${facts.user.gid}` : run.asRoot ? "0:0" : null,
    entrypoint: run.entrypoint ?? true,
    groups: caller && socket ? [facts.socket.gid] : [],
    rootFiles: caller ? { "/etc/sudoers.d/slipway": caller.sudoers } : {},
    unlogged: run.unlogged === true,
    engine,
    services: run.services ?? null,
    ...(run.limits ? { limits: run.limits } : {}),
    slipway: slipwayMounts(facts, run).length > 0,
    settings: settingsOf(facts, run),
  };
}

/** What the container reaches of this machine by repo_config.yaml, a line each: who reads a plan has to see it. */
function reach(facts: Facts, run: Run, { settings, engine }: Container): string[] {
  const { privileged, socket, home } = facts.config.container;
  const isMounted = socket || run.socket;
  return [
    ...(privileged ? ["privileged: it may do on this machine whatever root may"] : []),
    ...(isMounted
      ? [`socket: ${requireOnHost(facts.hostMounts, facts.socket.path)}, through which it commands the engine`]
      : []),
    ...(engine
      ? [
          `dind: an engine of its own, which keeps ${engine.kept ? `its data in the volume ${engine.kept.name}` : "nothing"}`,
        ]
      : []),
    ...settings.volumes.map((volume) => `volume: ${volume}`),
    ...home.map((name) => `home: ${requireOnHost(facts.hostMounts, `${facts.user.home}/${name}`)}`),
    ...settings.envFile.map((name) => `env_file: ${name}`),
    ...settings.composeFiles.map((name) => `compose_file: ${name}, which may add to all of this`),
  ];
}

function settingsOf(facts: Facts, run: Run): Container["settings"] {
  const settings = facts.config.container;
  const volumes = settings.volumes.map((volume) => hostVolume(facts, run, volume));
  // Compose would look for it beside its file, which lies in the Git dir.
  const envFile = settings.envFile.map((name) => posix.resolve(facts.place.root, facts.place.dir, name));
  return { ...settings, ports: run.ports ?? settings.ports, volumes, envFile };
}

/** Slipway with what it needs, in a container of this platform; a client that only the image of this one has stays here. */
const slipwayMounts = (facts: Facts, { platform }: Run): Mount[] =>
  platform ? [] : ofThisMachine(facts, facts.slipway);

const ofThisMachine = ({ hostMounts }: Facts, mounts: readonly Mount[]): Mount[] =>
  mounts.flatMap((mount) => {
    const source = pathOnHost(hostMounts, mount.source);
    return source === null ? [] : [{ ...mount, source }];
  });

/**
 * Whether an engine runs in it. Not where it gets this machine's, nor under emulation, nor where its words are the entrypoint's
 * own. What is tested of a commit alone finds the engine empty: a pass must not stand on what somebody pulled by hand.
 */
function innerEngineOf(facts: Facts, run: Run): Container["engine"] {
  const { dind, socket } = facts.config.container;
  if (!dind || socket || run.socket || run.bare || run.platform || run.withoutEngine) return null;
  return { kept: run.code === undefined ? engineVolume(facts) : null };
}

/** The code of a run on this machine. */
const codeRoot = ({ place }: Facts, { code }: Run): string =>
  code === undefined ? place.root : `${place.root}/${code}`;

/** What of the caller's home the config passes on. */
const homeMounts = ({ config, user }: Facts, home: string): Mount[] =>
  config.container.home.map((name) => ({ source: `${user.home}/${name}`, target: `${home}/${name}` }));

/**
 * local and dev see the outermost repo on /app, and Git dirs outside of it at their own path; prod has its own code. Hooks and
 * config of Git are there to be read, or a container could have any program run by the next `git status` on this machine.
 * Inside, `git config` and `git remote add` fail for it and hooks are not installed; commit, branch, push and pull work, and a
 * branch that is pushed with -u keeps no upstream.
 */
function codeMounts(facts: Facts, run: Run): Mount[] {
  if (run.image.stage === "prod") return [];
  const { root, dir, gitMounts, gitPrograms } = facts.place;
  const code = { source: codeRoot(facts, run), target: "/app" };
  const insideOf = (path: string) => (path.startsWith(`${root}/`) ? `/app${path.slice(root.length)}` : path);
  if (run.code === undefined)
    return [
      ...[code, ...gitMounts.map((path) => ({ source: path, target: path }))],
      ...gitPrograms.map((path) => ({ source: path, target: insideOf(path), readOnly: true as const })),
      ...thinEnvMount(facts, run),
    ];
  const beside = facts.config.testMounts.map((path) => posix.join(dir, path));
  return [code, ...beside.map((path) => ({ source: `${root}/${path}`, target: `/app/${path}` }))];
}

/** What a person needs who sources the thin env inside: it has the programs of this machine, so none of another platform. */
function thinEnvMount({ thinEnv }: Facts, { interactive, platform }: Run): Mount[] {
  if (!thinEnv || !interactive || platform) return [];
  return [{ source: thinEnv.source, target: `/app/${thinEnv.target}`, readOnly: true }];
}

/**
 * A path of container.volumes on this machine: `./` and `../` start in the runnable dir, of a snapshot in its own, unless
 * the config mounts it beside the commit; `~/` in the caller's HOME.
 */
const hostVolume = (facts: Facts, run: Run, volume: string): string =>
  volume
    .replace(/^~(?=\/)/, () => facts.user.home)
    .replace(/^\.\.?\/[^:]*/, (path) => {
      const inner = posix.join(facts.place.dir, path);
      return `${isBeside(facts, path) ? facts.place.root : codeRoot(facts, run)}/${inner}`;
    })
    .replace(/^\/[^:]*/, (path) => requireOnHost(facts.hostMounts, path));

/** Whether `tests.mount` names a path of the runnable dir, or a folder that it lies in. */
const isBeside = ({ config }: Facts, path: string): boolean =>
  config.testMounts.some((one) => `${posix.normalize(path)}/`.startsWith(`${one}/`));

/** The paths of container.volumes and compose_files that a snapshot must hold, relative to it. */
export const pathsOfCode = (facts: Facts): string[] =>
  [
    ...facts.config.container.volumes.flatMap((volume) => /^\.\.?\/[^:]*/.exec(volume)?.[0] ?? []),
    ...facts.config.container.composeFiles,
  ]
    .filter((path) => !isBeside(facts, path))
    .map((path) => posix.join(facts.place.dir, path));

/**
 * Shell text that a person typed: it may hold a secret, so it stands in no file. The mounted file is the same for all texts, and
 * takes it from a variable. The space before it keeps a text like `-x` from being an option.
 */
export function typedText(facts: Facts, text: string): Required<Pick<Run, "argv" | "mounts" | "before" | "variables">> {
  const lines = [
    "text=$SLIPWAY_CMD",
    "unset SLIPWAY_CMD",
    'if command -v bash >/dev/null 2>&1; then exec bash -c " $text" "$0"; fi',
    'exec sh -c " $text" "$0"',
  ];
  return { ...mountedCommand(facts, `#!/bin/sh\n${lines.join("\n")}\n`), variables: { SLIPWAY_CMD: text } };
}

const runnerPath = "/slipway/run";

/** `before`: shell lines that come before the words. */
const runnerText = (before: string): string =>
  `#!/bin/sh\n${before}trap : INT\n"$@"\ncode=$?\nread -r nonce <${receiptPath}\necho "$nonce $code" >${receiptPath}\nexit $code\n`;

/** Where a run starts and where its command does: an entrypoint may be a path that starts in the runnable dir, as the original's. */
function placesOf({ place }: Facts, run: Run): { readonly entrypoint: string; readonly command: string } {
  const command = run.cwd ?? place.cwd;
  const isOwn = run.bare === true || run.entrypoint === false;
  return { command, entrypoint: isOwn || run.image.stage === "prod" ? command : place.dir };
}

/** The mounted program that runs its words, lets them end by a Ctrl-C as they do, and writes how behind the nonce of the receipt. */
function receiptRunner(facts: Facts, run: Run): { readonly file: WriteFile; readonly mount: Mount } {
  const { entrypoint, command } = placesOf(facts, run);
  const enter = entrypoint === command ? "" : `cd ${quote(posix.join("/app", command))} || exit\n`;
  const content = runnerText(`${enter}${innerEngineOf(facts, run) ? startEngine : ""}`);
  const path = slipwayFile(facts, "run", shortHash(content));
  return {
    file: writeFile({ path, content, mode: "0755" }),
    mount: { source: `${facts.place.root}/${path}`, target: runnerPath, readOnly: true },
  };
}

/** The texts of the program that leaves a receipt and of what it runs, for a container that starts in the dir of its command. */
export const mountedTexts = (text: string): { readonly runner: string; readonly script: string } => ({
  runner: runnerText(""),
  script: commandText(text),
});

/** The command starts once the engine inside answers; why it does not stands in the receipt, for the image may log to anywhere. */
const startEngine = `PATH=$PATH:${engineTools}
export PATH
why=$(sh ${engineProgram}) || {
  read -r nonce <${receiptPath}
  echo "$nonce engine $why" >${receiptPath}
  exit 125
}
`;

/** Shell text as a mounted file whose path is the command, so that no entrypoint can split it: bash where the image has it, else sh. */
export function shellText(facts: Facts, text: string): Required<Pick<Run, "argv" | "mounts" | "before">> {
  return mountedCommand(facts, commandText(text));
}

const commandText = (text: string): string => {
  const bash = '[ -n "${BASH_VERSION-}" ] || ! command -v bash >/dev/null 2>&1 || exec bash "$0" "$@"';
  return `#!/bin/sh\n${bash}\n${text}\n`;
};

function mountedCommand(facts: Facts, content: string): Required<Pick<Run, "argv" | "mounts" | "before">> {
  const path = slipwayFile(facts, "cmd", shortHash(content));
  return {
    argv: ["/slipway/cmd"],
    mounts: [{ source: `${facts.place.root}/${path}`, target: "/slipway/cmd", readOnly: true }],
    before: [writeFile({ path, content, mode: "0700" })],
  };
}
