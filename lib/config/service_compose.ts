import { userLabel } from "../names/engine_container.ts";
import { isNode, type Node } from "../text/shape.ts";
import type { ConfigReader, ConfigSource } from "./config_reader.ts";
import { configReader } from "./config_reader.ts";
import { isServiceName, madeFromLabel, servicesLabel, stageLabel } from "./services.ts";
import { isInside, isOfRepo } from "./trust.ts";

/** A compose file of services that was read, and the folder that it lies in, relative to the outermost repo. */
export type ServiceFile = {
  readonly folder: string;
  readonly services: Readonly<Record<string, Node>>;
  readonly all: Node;
};

/** Checks what every compose file of services has to be; what it asks for beyond the default is `beyondDefault`. */
export function parseServiceFile(source: ConfigSource, folder: string): ServiceFile {
  const read = configReader(source);
  const services = Object.keys(read.node(["services"])).map((name) => [name, oneService(read, name)] as const);
  if (services.length === 0)
    read.fail(["services"], "names no service", "Write one: services: {postgres: {image: postgres:17}}");
  return { folder, services: Object.fromEntries(services), all: read.node([]) };
}

function oneService(read: ConfigReader, name: string): Node {
  if (isServiceName(name)) return read.node(["services", name]);
  return read.fail(["services", name], "is no name for a service", "Use letters, digits, dots, dashes and underscores");
}

/** The services that are started when none is named (Compose specification, "profiles"). */
export const startedBy = ({ services }: ServiceFile): readonly string[] =>
  Object.entries(services).flatMap(([name, { profiles }]) =>
    Array.isArray(profiles) && profiles.length > 0 ? [] : [name],
  );

/** Keys of a service that give it nothing of this machine, whatever stands behind them (Compose specification, "services"). */
const plainKeys = new Set([
  ...["image", "command", "entrypoint", "environment", "expose", "healthcheck", "depends_on", "restart", "user"],
  ...[
    "working_dir",
    "labels",
    "annotations",
    "shm_size",
    "tmpfs",
    "ulimits",
    "stop_grace_period",
    "stop_signal",
    "init",
  ],
  ...[
    "hostname",
    "mem_limit",
    "mem_reservation",
    "cpus",
    "pids_limit",
    "networks",
    "profiles",
    "platform",
    "read_only",
  ],
  ...["cap_drop", "stdin_open", "tty", "links", "attach", "pull_policy"],
  // A name of its own would be the same for all users: it is left out.
  "container_name",
]);
const plainTop = new Set(["services", "volumes", "networks", "version", "name"]);
const isPlainKey = (keys: ReadonlySet<string>, key: string): boolean => keys.has(key) || key.startsWith("x-");

/** What a compose file gives its services beyond the default, in words, a line each. */
export function beyondDefault({ folder, services, all }: ServiceFile): readonly string[] {
  const ofServices = Object.entries(services).flatMap(([name, service]) =>
    Object.entries(service).flatMap(([key, value]) =>
      beyondKey(folder, key, value).map((text) => `the service ${name} ${text}`),
    ),
  );
  const ofTop = Object.entries(all)
    .filter(([key]) => !isPlainKey(plainTop, key))
    .map(([key, value]) => `services have ${key}: ${JSON.stringify(value)}`);
  const kept = ["volumes", "networks"].flatMap((key) =>
    Object.entries(nodeOf(all[key]))
      .filter(([, value]) => !isOwn(value))
      .map(([name, value]) => `services have ${key}: ${JSON.stringify({ [name]: value })}`),
  );
  return [...ofServices, ...ofTop, ...kept];
}

const nodeOf = (value: unknown): Node => (isNode(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : value == null ? [] : [value]);

/** A volume or a network of the project alone. */
const isOwn = (value: unknown): boolean =>
  value === null || (isNode(value) && Object.keys(value).every((key) => key === "labels" || key === "internal"));

function beyondKey(folder: string, key: string, value: unknown): readonly string[] {
  const has = (one: unknown) => `has ${key}: ${JSON.stringify(one)}`;
  if (isPlainKey(plainKeys, key)) return [];
  if (key === "privileged")
    return value === false ? [] : ["is privileged: it may do on this machine whatever root may"];
  if (key === "volumes")
    return listOf(value)
      .filter((one) => !isPlainVolume(folder, one))
      .map(volumeText);
  if (key === "ports")
    return listOf(value).flatMap((one) =>
      isOnLoopback(one) ? [] : [`is reached from other machines: ports ${JSON.stringify(one)}`],
    );
  if (key === "env_file")
    return listOf(value)
      .filter((one) => !(typeof one === "string" && !one.includes("$") && isInside(folder, one)))
      .map(has);
  return [has(value)];
}

const volumeText = (value: unknown): string =>
  JSON.stringify(value).includes("docker.sock")
    ? `gets the engine's socket, through which it may become root here: ${JSON.stringify(value)}`
    : `gets what lies outside of the repo: ${JSON.stringify(value)}`;

/** A volume of the project, one without a name, or a path of the repo: what a variable names may be anything. */
function isPlainVolume(folder: string, value: unknown): boolean {
  if (typeof value !== "string") {
    const { type, source, ...more } = nodeOf(value);
    const others = Object.keys(more).filter((key) => !["target", "read_only"].includes(key));
    if (others.length > 0) return false;
    if (type === "tmpfs") return source === undefined;
    if (type === "volume") return source === undefined || isVolumeName(source);
    return type === "bind" && typeof source === "string" && !source.includes("$") && isOfRepo(folder, source);
  }
  if (value.includes("$")) return false;
  const [source = "", target] = value.split(":");
  if (target === undefined) return source.startsWith("/");
  return isVolumeName(source) || isOfRepo(folder, value);
}

const isVolumeName = (value: unknown): boolean => typeof value === "string" && /^[A-Za-z0-9][\w.-]*$/.test(value);

/** The parts of a port in short form, `${NAME:-5432}` as one. */
const partsOf = (value: string): readonly string[] => value.match(/(?:\$\{[^}]*\}|\[[^\]]*\]|[^:])+/g) ?? [];
const isLoopback = (host: unknown): boolean => typeof host === "string" && /^(127(\.\d{1,3}){3}|\[?::1\]?)$/.test(host);

/** Whether a port is published for this machine alone, as it is where no address is said. */
function isOnLoopback(value: unknown): boolean {
  if (isNode(value)) return value["host_ip"] === undefined || isLoopback(value["host_ip"]);
  const parts = partsOf(String(value));
  return parts.length < 3 || isLoopback(parts[0]);
}

/** A port with its address: Compose would publish one without on all. */
function localPort(value: unknown): unknown {
  if (isNode(value)) return { host_ip: "127.0.0.1", ...value };
  const parts = partsOf(String(value));
  return parts.length < 3 ? `127.0.0.1:${parts.length < 2 ? ":" : ""}${String(value)}` : value;
}

/** The paths of the repo that services get, relative to the outermost repo's folder of the compose file. */
export const boundPaths = ({ folder, services }: ServiceFile): readonly string[] =>
  Object.values(services).flatMap((service) => [
    ...listOf(service["volumes"]).flatMap((one) => {
      const source = typeof one === "string" ? one.split(":")[0] : nodeOf(one)["source"];
      return typeof source === "string" && isOfRepo(folder, source) ? [source] : [];
    }),
    ...listOf(service["env_file"]).filter((one) => typeof one === "string"),
  ]);

/** A source that is missing is an error; left alone, the engine would create it as root. */
function ownVolume(value: unknown): unknown {
  const [source = "", target = "", mode = ""] = typeof value === "string" ? value.split(":") : [];
  if (!/^\.\.?\//.test(source) || !["", "ro", "rw"].includes(mode)) return value;
  const readOnly = mode === "ro" ? { read_only: true } : {};
  return { type: "bind", source, target, ...readOnly, bind: { create_host_path: false } };
}

/** Whose services they are, of which stage, and what they are made from. */
export type ServiceOwner = {
  readonly project: string;
  readonly user: string;
  readonly stage: string;
  readonly madeFrom: string;
};

/**
 * The compose file that is run: what was read, with the names, labels and addresses that keep two users and two dirs apart,
 * and every service in the project's network. JSON is YAML.
 */
export function renderServices(
  { all, services }: ServiceFile,
  { project, user, stage, madeFrom }: ServiceOwner,
): string {
  const own = { [servicesLabel]: project, [userLabel]: literal(user) };
  const labels = { ...own, [stageLabel]: stage, [madeFromLabel]: madeFrom };
  const made = Object.entries(services).map(([name, { container_name: _, ...service }]) => [
    name,
    {
      ...service,
      ...withList(service, "ports", localPort),
      ...withList(service, "volumes", ownVolume),
      ...(service["network_mode"] === undefined ? { networks: joined(service["networks"]) } : {}),
      labels: { ...labelsOf(service["labels"]), ...labels },
    },
  ]);
  const named = (key: string) =>
    Object.entries(nodeOf(all[key])).map(([name, value]) => [
      name,
      nodeOf(value)["external"]
        ? value
        : { ...nodeOf(value), labels: { ...labelsOf(nodeOf(value)["labels"]), ...own } },
    ]);
  const { version: _, ...rest } = all;
  const file = {
    ...rest,
    name: project,
    services: Object.fromEntries(made),
    networks: { ...Object.fromEntries(named("networks")), default: { name: project, labels: own } },
    ...(all["volumes"] ? { volumes: Object.fromEntries(named("volumes")) } : {}),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** A `$` in a compose file starts a variable; two are one. */
const literal = (text: string): string => text.replaceAll("$", "$$$$");

const withList = (service: Node, key: string, change: (value: unknown) => unknown): Node =>
  service[key] === undefined ? {} : { [key]: listOf(service[key]).map(change) };

/** The networks of a service with the one in which containers of the dir are. */
const joined = (networks: unknown): unknown =>
  isNode(networks)
    ? { ...networks, default: networks["default"] ?? null }
    : [...new Set([...listOf(networks), "default"])];

const labelsOf = (labels: unknown): Node =>
  isNode(labels)
    ? labels
    : Object.fromEntries(
        listOf(labels).map((label) => {
          const [name = "", ...value] = String(label).split("=");
          return [name, value.join("=")];
        }),
      );

/** The file of names alone with which compose shows the logs of what is up. */
export function renderNames(project: string, names: readonly string[]): string {
  const services = Object.fromEntries(names.map((name) => [name, { image: "none" }]));
  return `${JSON.stringify({ name: project, services }, null, 2)}\n`;
}
