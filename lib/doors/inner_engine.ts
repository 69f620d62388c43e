import { basename, join } from "node:path";
import type { Mount } from "../config/container.ts";
import { engineProgram, engineTools } from "../config/inner_engine.ts";
import { exists, realPath } from "./files.ts";
import { ownFolders } from "./place.ts";
import { clientMounts, readOnly } from "./slipway_mounts.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What dockerd starts by its name. Without one of them the others are of no use. */
const programs = ["dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-proxy"] as const;
/** What `docker run --init` starts: a link to a program of another name. */
const init = "docker-init";

/** What an engine inside a container needs of this machine: the program that starts it, and the engine's own where they are here. */
export function loadInnerEngine(env: Env): readonly Mount[] {
  const start = readOnly(`${ownFolders().root}/thin_client/inside/engine`, engineProgram);
  // What is here are programs of this system.
  if (process.platform !== "linux") return [start];
  const folders = [...(env["PATH"] ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  const found = programs.map((name) => ({ name, path: programIn(folders, name) }));
  const all = found.flatMap(({ name, path }) => (path === null ? [] : [readOnly(path, `${engineTools}/${name}`)]));
  const whole = all.length === programs.length ? all : [];
  return [start, ...clientMounts(env), ...whole, ...(whole.length > 0 ? initMount(folders) : [])];
}

/** The program itself; one that decides by its name what it is will not do. */
function programIn(folders: readonly string[], name: string): string | null {
  const program = behind(folders, name);
  return program !== null && basename(program) === name ? program : null;
}

function initMount(folders: readonly string[]): readonly Mount[] {
  const program = behind(folders, init);
  return program === null ? [] : [readOnly(program, `${engineTools}/${init}`)];
}

function behind(folders: readonly string[], name: string): string | null {
  const found = folders
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, name))
    .find(exists);
  return found === undefined ? null : realPath(found);
}
