import { basename, join } from "node:path";
import type { Mount } from "../config/container.ts";
import { exists, realPath } from "./files.ts";
import { ownFolders } from "./place.ts";
import { allowedFile, allowedOutside } from "./trust.ts";

type Env = Readonly<Record<string, string | undefined>>;

const inside = "/opt/slipway";
/** The last folder in which `i` looks for the engine's client inside: an image may have its own. */
const client = "/opt/slipway_docker/docker";
const plugins = "/usr/local/lib/docker/cli-plugins";

/** What makes `i` work in a container: Slipway with its runtime, what was allowed of the repo, and the engine's client where that is wanted. */
export function loadSlipway(root: string, env: Env, { docker }: { readonly docker: boolean }): readonly Mount[] {
  // What is here are programs of this system.
  if (process.platform !== "linux") return [];
  const own = ownFolders();
  const allowed = allowedFile(root, env);
  return [
    readOnly(own.root, inside),
    readOnly(own.modules, `${inside}/node_modules`),
    readOnly(`${own.root}/thin_client/inside/i`, "/usr/local/bin/i"),
    ...(allowed === null ? [] : [readOnly(allowed, allowedOutside)]),
    ...(docker ? clientMounts(env) : []),
  ];
}

export const readOnly = (source: string, target: string): Mount => ({ source, target, readOnly: true });

/** The engine's client with its plugins, where they are here. */
export function clientMounts(env: Env): readonly Mount[] {
  const onPath = (env["PATH"] ?? "").split(":").map((folder) => join(folder, "docker"));
  const program = firstOf([client, ...onPath]);
  if (program === null) return [];
  const settings = [env["DOCKER_CONFIG"] || join(env["HOME"] || "/", ".docker")].map((path) =>
    join(path, "cli-plugins"),
  );
  // The order is the one in which the client itself looks.
  const system = ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"];
  const folders = [...settings, ...system.map((folder) => `${folder}/docker/cli-plugins`)];
  const found = ["docker-compose", "docker-buildx"].flatMap((name) => {
    const plugin = firstOf(folders.map((folder) => join(folder, name)));
    return plugin === null ? [] : [readOnly(plugin, `${plugins}/${name}`)];
  });
  return [readOnly(program, client), ...found];
}

/** The program itself behind the first of these paths that is there; one that decides by its name what it is will not do. */
function firstOf(paths: readonly string[]): string | null {
  const found = paths.find((path) => path.startsWith("/") && exists(path));
  const program = found === undefined ? null : realPath(found);
  return program !== null && found !== undefined && basename(program) === basename(found) ? program : null;
}
