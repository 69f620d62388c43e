import { requireOnHost } from "../formats/host_paths.ts";
import type { Facts } from "../plan/facts.ts";
import { servicesProject } from "./services.ts";

/** Where a container has what its own engine needs; `thin_client/inside/engine` says the same. */
export const engineProgram = "/slipway/engine";
export const engineTools = "/opt/slipway_docker";
export const keptData = "/var/lib/slipway_engine/kept";
export const spareData = "/var/lib/slipway_engine/spare";

/** The label of the volume of an inner engine: the path of the dir that it belongs to. */
export const engineLabel = "dev.slipway.engine";

/** The data of the engine that containers of a dir have inside: one volume for each user and path. */
export type EngineVolume = { readonly name: string; readonly dir: string };

export function engineVolume({ hostMounts, place, user }: Pick<Facts, "hostMounts" | "place" | "user">): EngineVolume {
  const root = requireOnHost(hostMounts, place.root);
  const dir = place.dir === "." ? root : `${root}/${place.dir}`;
  return { name: `${servicesProject(user.name, { root, dir: place.dir })}-engine`, dir };
}
