import { posix } from "node:path";
import type { Mount } from "../config/container.ts";
import { UserError } from "../errors.ts";
import { isNode, textAt, valueAt } from "../text/shape.ts";

/**
 * The container that this runs in, by what it has mounted (proc(5), /proc/pid/mountinfo): the files that its engine keeps for it,
 * whose path has its id. Null where it has no engine's socket from outside, and so no engine that has other paths.
 */
export function containerIn(mountinfo: string): string | null {
  const mounts = mountinfo.split("\n").map((line) => line.split(" "));
  const hasSocket = mounts.some(([, , , , target = ""]) => target.endsWith("/docker.sock"));
  const ids = mounts.flatMap(([, , , source = ""]) => /\/containers\/([0-9a-f]{64})\//.exec(source)?.[1] ?? []);
  return hasSocket ? (ids[0] ?? null) : null;
}

type Mounts = readonly Mount[] | null;

const holds = (target: string, path: string): boolean => path === target || path.startsWith(`${target}/`);

/** A path as the engine's machine has it, by what of that machine is mounted here; null for one that it does not have. */
export function pathOnHost(mounts: Mounts, path: string): string | null {
  if (mounts === null) return path;
  const fitting = mounts.filter(({ target }) => holds(target, path));
  const nearest = fitting.reduce<Mount | null>((a, b) => (a && a.target.length >= b.target.length ? a : b), null);
  return nearest && `${nearest.source}${path.slice(nearest.target.length)}`;
}

/** The same for what a container needs; throws for a path that the engine's machine does not have. */
export function requireOnHost(mounts: Mounts, path: string): string {
  const found = pathOnHost(mounts, path);
  if (found !== null) return found;
  const targets = (mounts ?? []).map(({ target }) => target).sort();
  throw new UserError(`the machine of the engine does not have "${path}"`, {
    why: `This is a container, the engine mounts paths of its own machine, and of those are here: ${targets.join(", ") || "none"}.`,
    fix: "Use a path below one of them; or have it mounted where this container is started: container: {volumes: [...]} in repo_config.yaml",
  });
}

/** A path of this machine that a compose file of the config mounts, as it stands there. */
export type ComposeBind = { readonly file: string; readonly source: string };

/** The sources of a compose file that are paths, or that a variable may make one; any other source is the name of a volume. */
export function composeBinds(file: string, value: unknown): readonly ComposeBind[] {
  const services = valueAt(value, "services");
  const volumes = Object.values(isNode(services) ? services : {}).flatMap((one) => {
    const list = valueAt(one, "volumes");
    return Array.isArray(list) ? (list as readonly unknown[]) : [];
  });
  return volumes.flatMap((one) => {
    // A path alone is where a volume without a name goes.
    const source = typeof one === "string" ? /^([^:]+):/.exec(one)?.[1] : textAt(one, "source");
    const isPath = source !== undefined && (/^[./~$]/.test(source) || textAt(one, "type") === "bind");
    return isPath ? [{ file, source }] : [];
  });
}

/** Refuses what compose would hand on as it is here: the engine would mount another path of its machine, or make a new one there. */
export function assertBindsOnHost(
  mounts: Mounts,
  binds: readonly ComposeBind[],
  { dir, home }: Readonly<Record<"dir" | "home", string>>,
) {
  for (const { file, source } of binds) {
    const path = posix.resolve(
      dir,
      source.replace(/^~(?=\/|$)/, () => home),
    );
    const found = source.includes("$") ? null : pathOnHost(mounts, path);
    if (found === path) continue;
    const there = found === null ? "which has no such path that is known here" : `where it is ${found}`;
    throw new UserError(`${file} mounts "${source}", which is another path for the engine`, {
      why: `This is a container, compose hands on ${source.includes("$") ? "what the variable says here" : path}, and the engine mounts paths of its own machine, ${there}.`,
      fix: "Name it in container: {volumes: [...]} of repo_config.yaml, whose paths are translated; or type this on the machine itself",
    });
  }
}
