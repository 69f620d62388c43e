import {
  madeFromLabel,
  type SeenServices,
  type ServiceContainer,
  servicesLabel,
  stageLabel,
} from "../config/services.ts";
import type { Facts } from "../plan/facts.ts";
import { askEngine, linesOf, type Published, publishedPorts } from "./containers.ts";
import { capture } from "./shell.ts";

type Here = Pick<Facts, "place" | "env">;
type Inspected = {
  readonly Id: string;
  readonly Name: string;
  readonly Config: { readonly Image: string; readonly Labels?: Readonly<Record<string, string>> | null };
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } };
  readonly NetworkSettings: Published;
};
type InspectedNetwork = {
  readonly Id: string;
  readonly Name: string;
  readonly Containers?: Readonly<Record<string, { readonly Name: string }>> | null;
};

/** What the engine has of the services of a project: containers, networks and volumes that bear its label. */
export async function loadServices(project: string, here: Here): Promise<SeenServices> {
  const filter = ["--filter", `label=${servicesLabel}=${project}`];
  const [containers, networks, volumes] = await Promise.all([
    askEngine(["ps", "--all", "--no-trunc", "--quiet", ...filter], here),
    askEngine(["network", "ls", "--no-trunc", "--quiet", ...filter], here),
    askEngine(["volume", "ls", "--quiet", ...filter], here),
  ]);
  const [found, seen] = await Promise.all([
    inspect<Inspected>("container", linesOf(containers), here),
    inspect<InspectedNetwork>("network", linesOf(networks), here),
  ]);
  const own = new Set(found.map(({ Id }) => Id));
  return {
    containers: found.map(toService).sort((a, b) => (a.name < b.name ? -1 : 1)),
    networks: seen.map(({ Id, Name, Containers }) => ({
      id: Id,
      name: Name,
      guests: Object.entries(Containers ?? {}).flatMap(([id, one]) => (own.has(id) ? [] : [one.Name])),
    })),
    volumes: linesOf(volumes),
  };
}

/** One that goes while it is asked about is left out. */
async function inspect<T>(kind: "container" | "network", ids: readonly string[], here: Here): Promise<readonly T[]> {
  if (ids.length === 0) return [];
  const { stdout } = await capture(["docker", kind, "inspect", ...ids], { cwd: here.place.root, env: here.env });
  return JSON.parse(stdout.trim() || "[]") as readonly T[];
}

function toService({ Id, Name, Config, State, NetworkSettings }: Inspected): ServiceContainer {
  const labels = Config.Labels ?? {};
  return {
    id: Id,
    name: Name.replace(/^\//, ""),
    service: labels["com.docker.compose.service"] ?? "",
    image: Config.Image,
    state: State.Status,
    exitCode: State.ExitCode,
    health: State.Health?.Status ?? null,
    ports: publishedPorts(NetworkSettings),
    stage: labels[stageLabel] ?? "",
    madeFrom: labels[madeFromLabel] ?? "",
  };
}
