import { engineLabel } from "../config/inner_engine.ts";
import { UserError } from "../errors.ts";
import { engineFix, isWithoutEngine } from "../names/engine.ts";
import type { EngineContainer } from "../names/engine_container.ts";
import type { Facts } from "../plan/facts.ts";
import { sentence } from "../text/visible.ts";
import { listImages } from "./docker.ts";
import { type Captured, capture } from "./shell.ts";

/** One tag of one image in the engine; `id` whole, `size` and `created` in the engine's words. */
export type ListedImage = {
  readonly repository: string;
  readonly tag: string;
  readonly id: string;
  readonly size: string;
  readonly created: string;
};

/** What a running container uses, in the engine's words. */
export type ContainerStats = {
  readonly id: string;
  readonly name: string;
  readonly cpu: string;
  readonly memory: string;
  readonly memoryShare: string;
  readonly network: string;
  readonly disk: string;
  readonly processes: string;
};

/** What a container starts with unless it is told otherwise. */
export type ImageSettings = {
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
};

type Here = Pick<Facts, "place" | "env">;
const where = ({ place, env }: Here) => ({ cwd: place.root, env });
type Binding = { HostIp: string; HostPort: string };
/** The ports of a container as the engine has them. */
export type Published = { readonly Ports?: Readonly<Record<string, readonly Binding[] | null>> | null };
type Inspected = {
  Id: string;
  Name: string;
  Created: string;
  Path: string;
  Args: string[];
  Image: string;
  State: { Running: boolean };
  Config: { Image: string; Env?: string[] | null; Labels?: Record<string, string> | null };
  NetworkSettings: Published;
};

/** Asks the engine; throws where it does not tell, because an empty list would be another answer. */
export const askEngine = async (words: readonly string[], here: Here): Promise<string> =>
  told(`docker ${words[0]}`, await capture(["docker", ...words], where(here)), here);

function told(line: string, { code, stdout, stderr }: Captured, { env }: Here): string {
  if (code === 0) return stdout;
  throw new UserError("the Docker engine did not answer", {
    why: sentence(stderr.trim().split("\n").at(-1) || `${line} exited with ${code}`),
    fix: isWithoutEngine(env)
      ? engineFix(true)
      : "See whether it answers: i docker version; start Docker, or a private engine: i engine up",
    kind: "engine",
  });
}

/** The lines of what a program printed, without empty ones. */
export const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** All containers of the engine, running or ended. One that goes while it is asked about is left out. */
export async function loadContainers(here: Here): Promise<readonly EngineContainer[]> {
  const listed = linesOf(await askEngine(["ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Status}}"], here));
  const status = new Map(listed.map((line) => [line.split(" ")[0] ?? "", line.replace(/^\S+ /, "")]));
  if (status.size === 0) return [];
  const { stdout }: Captured = await capture(["docker", "container", "inspect", ...status.keys()], where(here));
  return (JSON.parse(stdout || "[]") as Inspected[]).map((one) => toContainer(one, status.get(one.Id) ?? ""));
}

/** Published ports, e.g. `127.0.0.1:8888->8888/tcp`. */
export const publishedPorts = ({ Ports }: Published): readonly string[] =>
  Object.entries(Ports ?? {}).flatMap(([inside, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}->${inside}`),
  );

const toContainer = (one: Inspected, status: string): EngineContainer => ({
  id: one.Id,
  name: one.Name.replace(/^\//, ""),
  image: one.Config.Image,
  imageId: one.Image,
  running: one.State.Running,
  status,
  created: one.Created,
  ports: publishedPorts(one.NetworkSettings),
  command: [one.Path, ...one.Args].join(" "),
  labels: one.Config.Labels ?? {},
  envNames: (one.Config.Env ?? []).map((pair) => pair.split("=")[0] ?? ""),
});

/** What these containers use just now. The engine measures all for a second: asked for one that has just ended, it tells nothing. */
export async function loadStats(ids: readonly string[], here: Here): Promise<readonly ContainerStats[]> {
  if (ids.length === 0) return [];
  const measured = linesOf(await askEngine(["stats", "--no-stream", "--no-trunc", "--format", "{{json .}}"], here));
  const stats = measured.map((line) => {
    const one = JSON.parse(line) as Record<string, string>;
    const at = (name: string) => one[name] ?? "";
    return {
      id: at("ID"),
      name: at("Name"),
      cpu: at("CPUPerc"),
      memory: at("MemUsage"),
      memoryShare: at("MemPerc"),
      network: at("NetIO"),
      disk: at("BlockIO"),
      processes: at("PIDs"),
    };
  });
  return stats.filter(({ id }) => ids.includes(id));
}

/** The volumes of the engine in which containers have engines of their own. */
export const loadEngineVolumes = async (here: Here): Promise<readonly string[]> =>
  linesOf(await askEngine(["volume", "ls", "--quiet", "--filter", `label=${engineLabel}`], here));

/** Every tag of every image in the engine. */
export async function loadImages(here: Here): Promise<readonly ListedImage[]> {
  const listed = await listImages(["--no-trunc", "--format", "{{json .}}"], where(here));
  return linesOf(told("docker image ls", listed, here)).map((line) => {
    const one = JSON.parse(line) as Record<string, string>;
    const at = (name: string) => one[name] ?? "";
    return { repository: at("Repository"), tag: at("Tag"), id: at("ID"), size: at("Size"), created: at("CreatedAt") };
  });
}

type Settings = {
  Env?: string[] | null;
  Labels?: Record<string, string> | null;
  User?: string;
  WorkingDir?: string;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
};

/** What an image's containers start with; null for an image that the engine does not have. */
export async function loadSettings(image: string, here: Here): Promise<ImageSettings | null> {
  const { code, stdout } = await capture(["docker", "image", "inspect", image], where(here));
  const config = code === 0 ? (JSON.parse(stdout) as { Config?: Settings | null }[])[0]?.Config : null;
  if (!config) return null;
  const pairs = (config.Env ?? []).map((pair) => [pair.split("=")[0] ?? "", pair.replace(/^[^=]*=/, "")] as const);
  return {
    labels: config.Labels ?? {},
    env: Object.fromEntries(pairs),
    user: config.User ?? "",
    workingDir: config.WorkingDir ?? "",
    entrypoint: config.Entrypoint ?? [],
    cmd: config.Cmd ?? [],
  };
}
