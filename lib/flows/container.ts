import { join, posix } from "node:path";
import { type Container, type Mount, renderCompose } from "../model/container.ts";
import { type About, containerEnv, passedNames } from "../model/container_env.ts";
import type { Facts } from "../model/facts.ts";
import { type Action, type Command, cmd, type Step, step, type Word } from "../model/plan.ts";
import type { Stage } from "../model/stage.ts";
import { callerIn } from "./caller.ts";
import type { Chosen } from "./choose_image.ts";
import { shortHash, slipwayFile } from "./own_files.ts";

export type Run = {
  readonly id: string;
  readonly title: string;
  readonly image: Chosen;
  /** What is started: the reference, a digest, or what an earlier step built. */
  readonly what: Word;
  readonly argv: readonly string[];
  readonly interactive?: true;
  readonly platform?: string;
  readonly asRoot?: boolean;
  readonly entrypoint?: boolean;
  readonly socket?: boolean;
  readonly cwd?: string;
  readonly mounts?: readonly Mount[];
  /** Variables whose values are known only when it runs. */
  readonly variables?: Readonly<Record<string, Word>>;
  /** Published instead of container.ports. */
  readonly ports?: readonly string[];
  /** The engine keeps nothing of what it prints. */
  readonly unlogged?: true;
  readonly meaning?: Command["meaning"];
  readonly before?: readonly Action[];
  readonly after?: readonly Action[];
};

/** One container in one compose file of its own: mounts the outermost repo on /app, runs as the caller, is removed afterwards. */
export function runContainer(facts: Facts, run: Run): Step {
  const container = describe(facts, run);
  const content = renderCompose(facts.config.imageName, container);
  const file = slipwayFile(facts, "compose", `${shortHash(content)}.yml`);
  const extra = facts.config.container.composeFiles.flatMap((name) => ["--file", relativeTo(facts, name)]);
  const ports = container.settings.ports.length > 0 && "--service-ports";
  const line = cmd`docker compose --progress quiet --file ${file} ${extra} run ${ports} app ${run.argv}`;
  const start: Command = {
    ...line,
    env: { IMAGE: run.what, ...run.variables },
    container: true,
    ...(run.interactive ? { interactive: true } : {}),
    ...(run.meaning ? { meaning: run.meaning } : {}),
  };
  return step(run.id, run.title, [
    ...(run.before ?? []),
    ...(callerIn(facts, run)?.files ?? []),
    { kind: "write_file", path: file, content },
    start,
    ...(run.after ?? []),
  ]);
}

function describe(facts: Facts, run: Run): Container {
  const { stage, version, local } = run.image;
  const about: About = { stage, version, labels: local?.labels ?? {} };
  const caller = callerIn(facts, run);
  const socket = run.socket || facts.config.container.socket;
  return {
    startedBy: facts.user.name,
    workingDir: posix.join("/app", run.cwd ?? facts.place.cwd),
    environment: { ...containerEnv(facts, about), ...(caller ? { HOME: caller.home } : {}) },
    passed: [...passedNames(facts), ...Object.keys(run.variables ?? {})],
    mounts: [
      ...codeMounts(facts, stage),
      ...(caller?.mounts ?? []),
      ...homeMounts(facts, caller?.home ?? "/root"),
      ...(socket ? [{ source: facts.socket.path, target: "/var/run/docker.sock" }] : []),
      ...(run.mounts ?? []),
    ],
    platform: run.platform ?? null,
    user: caller ? `${facts.user.uid}:${facts.user.gid}` : run.asRoot ? "0:0" : null,
    entrypoint: run.entrypoint ?? true,
    groups: caller && socket ? [facts.socket.gid] : [],
    rootFiles: caller ? { "/etc/sudoers.d/slipway": caller.sudoers } : {},
    unlogged: run.unlogged === true,
    settings: settingsOf(facts, run),
  };
}

function settingsOf(facts: Facts, { ports }: Run): Container["settings"] {
  const settings = facts.config.container;
  const volumes = settings.volumes.map((volume) => hostVolume(facts, volume));
  return { ...settings, ports: ports ?? settings.ports, volumes };
}

/** What of the caller's home the config passes on. */
const homeMounts = ({ config, user }: Facts, home: string): Mount[] =>
  config.container.home.map((name) => ({ source: `${user.home}/${name}`, target: `${home}/${name}` }));

/** local and dev see the outermost repo on /app, and Git dirs outside of it at their own path; prod has its own code. */
const codeMounts = (facts: Facts, stage: Stage): Mount[] =>
  stage === "prod"
    ? []
    : [
        { source: facts.place.root, target: "/app" },
        ...facts.place.gitMounts.map((path) => ({ source: path, target: path })),
      ];

/** A path of container.volumes on this machine: `./` and `../` start in the runnable dir, `~/` in the caller's HOME. */
const hostVolume = (facts: Facts, volume: string): string =>
  volume
    .replace(/^~(?=\/)/, () => facts.user.home)
    .replace(/^\.\.?\/[^:]*/, (path) => join(facts.place.root, facts.place.dir, path));

const relativeTo = (facts: Facts, name: string): string =>
  facts.place.dir === "." ? name : `${facts.place.dir}/${name}`;

/** Shell text as a mounted file whose path is the command, so that no entrypoint can split it: bash where the image has it, else sh. */
export function shellText(facts: Facts, text: string): Required<Pick<Run, "argv" | "mounts" | "before">> {
  const bash = '[ -n "${BASH_VERSION-}" ] || ! command -v bash >/dev/null 2>&1 || exec bash "$0" "$@"';
  const content = `#!/bin/sh\n${bash}\n${text}\n`;
  const path = slipwayFile(facts, "cmd", shortHash(content));
  return {
    argv: ["/slipway/cmd"],
    mounts: [{ source: `${facts.place.root}/${path}`, target: "/slipway/cmd", readOnly: true }],
    before: [{ kind: "write_file", path, content, mode: "0700" }],
  };
}
