import { imageLabel, userLabel } from "../names/engine_container.ts";
import type { Facts } from "../plan/facts.ts";
import { type EngineVolume, engineLabel, keptData, spareData } from "./inner_engine.ts";
import type { Limits } from "./limits.ts";

/** Everything a compose file of one run says beside the image, which comes in as `${IMAGE}`. */
export type Container = {
  readonly workingDir: string;
  /** The name of the user who starts it. */
  readonly startedBy: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Names whose value the container takes from the runner's own environment; no value ever stands in a file. */
  readonly passed: readonly string[];
  readonly mounts: readonly Mount[];
  /** Another platform than the engine's own, run under emulation. */
  readonly platform: string | null;
  readonly user: string | null;
  readonly entrypoint: boolean;
  /** Whether the command writes down how it ended. */
  readonly receipt: boolean;
  /** Groups beside the user's own, e.g. the one that may use the engine's socket. */
  readonly groups: readonly number[];
  /** Files that the engine itself puts into the container, owned by root. */
  readonly rootFiles: Readonly<Record<string, string>>;
  readonly unlogged: boolean;
  /** An engine runs inside: the volume with its data, null where what it has is gone with the container. */
  readonly engine: { readonly kept: EngineVolume | null } | null;
  /** The network of the dir's services, in which they answer by their names. */
  readonly services: string | null;
  readonly limits?: Limits;
  /** Slipway is mounted: what is started inside belongs to this run. */
  readonly slipway: boolean;
  readonly settings: Facts["config"]["container"];
};
export type Mount = { readonly source: string; readonly target: string; readonly readOnly?: true };

/** A `$` in a compose file starts a variable; two are one. */
const literal = (text: string): string => text.replaceAll("$", "$$$$");

/** The compose file of a run. JSON is YAML, and needs no quoting rules of its own. */
export const renderCompose = (image: string, container: Container): string =>
  `${JSON.stringify(composeFile(image, container), null, 2)}\n`;

function composeFile(image: string, container: Container): object {
  const joined = networksOf(container);
  const configs = Object.entries(container.rootFiles).map(([target, content], index) => ({
    name: `root_file_${index}`,
    target,
    content,
  }));
  const app = {
    ...service(image, container),
    // Without a mode, of which compose would warn each time although it heeds it: root's, and only to be read.
    ...(configs.length > 0 ? { configs: configs.map(({ name, target }) => ({ source: name, target })) } : {}),
  };
  return {
    name: `slipway-${image}`,
    services: { app },
    ...(configs.length > 0
      ? { configs: Object.fromEntries(configs.map(({ name, content }) => [name, { content: literal(content) }])) }
      : {}),
    ...(container.engine?.kept ? { volumes: { engine: engineData(image, container, container.engine.kept) } } : {}),
    ...(joined.length > 0 ? { networks: Object.fromEntries(joined.map(([key, name]) => [key, outside(name)])) } : {}),
  };
}

/** The volume of the inner engine: of the user and the dir alone, and labelled as theirs. */
const engineData = (image: string, { startedBy }: Container, { name, dir }: EngineVolume): object => ({
  name,
  labels: { [imageLabel]: image, [userLabel]: literal(startedBy), [engineLabel]: literal(dir) },
});

/** Beside the volume that is kept an unnamed one, which goes with its container: two engines must not share one data folder. */
const engineVolumes = ({ engine }: Container): readonly object[] =>
  engine === null
    ? []
    : [
        ...(engine.kept ? [{ type: "volume", source: "engine", target: keptData }] : []),
        { type: "volume", target: spareData },
      ];

/** The networks of others that a container joins, by what its compose file calls them. */
const networksOf = ({ settings, services }: Container): readonly (readonly [key: string, name: string])[] => [
  ...(settings.network ? [["outside", settings.network] as const] : []),
  ...(services ? [["services", services] as const] : []),
];

const outside = (name: string): object => ({ name, external: true });

function service(image: string, container: Container): object {
  const { settings } = container;
  const joined = networksOf(container).map(([key]) => key);
  const variables = Object.entries(container.environment).map(([name, value]) => `${name}=${literal(value)}`);
  return {
    image: "${IMAGE}",
    pull_policy: "never",
    ...(container.platform ? { platform: container.platform } : {}),
    working_dir: container.workingDir,
    ...(container.user ? { user: container.user } : {}),
    ...(container.groups.length > 0 ? { group_add: container.groups.map(String) } : {}),
    ...(container.entrypoint ? {} : { entrypoint: [] }),
    environment: [...variables, ...(container.slipway ? [outerRun] : []), ...container.passed],
    ...(settings.envFile.length > 0 ? { env_file: settings.envFile.map(literal) } : {}),
    labels: {
      "dev.slipway.run": "${SLIPWAY_RUN:-}",
      "dev.slipway.owner": "${SLIPWAY_OWNER:-}",
      [imageLabel]: image,
      [userLabel]: literal(container.startedBy),
    },
    volumes: [
      ...(container.receipt ? [receipt] : []),
      ...container.mounts.map(bind),
      ...engineVolumes(container),
      ...settings.volumes.map(volume),
    ],
    ...(joined.length > 0 ? { networks: joined } : { network_mode: "bridge" }),
    ...(settings.ports.length > 0 ? { ports: settings.ports } : {}),
    ...(container.unlogged ? { logging: { driver: "none" } } : {}),
    ...(settings.privileged ? { privileged: true } : {}),
    ...(container.limits?.cpus ? { cpus: container.limits.cpus } : {}),
    ...(container.limits?.memory ? { mem_limit: container.limits.memory } : {}),
  };
}

/** `source:target[:ro]` with a path as source is bound as every other mount; any other source is the name of a volume. */
function volume(text: string): object | string {
  const [source = "", target = "", mode = ""] = text.split(":");
  if (!source.startsWith("/")) return literal(text);
  return bind({ source, target, ...(mode.split(",").includes("ro") ? { readOnly: true as const } : {}) });
}

/** What a run inside puts before its own name, so that the outer one ends its containers too. */
const outerRun = "SLIPWAY_OUTER_RUN=${SLIPWAY_RUN:-}";

/** Where a container's command writes how it ended. */
export const receiptPath = "/slipway/receipt";

/** The runner makes a new one for each run; without it, as for a line that a person types, nobody reads it. */
const receipt = {
  ...{ type: "bind", source: "${SLIPWAY_RECEIPT:-/dev/null}", target: receiptPath },
  bind: { create_host_path: false },
};

/** A missing source is an error; left alone, the engine would create it as root. */
const bind = ({ source, target, readOnly }: Mount): object => ({
  type: "bind",
  source: literal(source),
  target,
  ...(readOnly ? { read_only: true } : {}),
  bind: { create_host_path: false },
});
