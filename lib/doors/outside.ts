import type { Mount } from "../config/container.ts";
import { type ComposeBind, composeBinds, containerIn } from "../formats/host_paths.ts";
import { isNode, jsonOf, textAt } from "../text/shape.ts";
import { readRepoText, readText } from "./files.ts";
import { configSourceOf } from "./settings.ts";
import { capture } from "./shell.ts";

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What of the engine's machine is mounted in the container that this is, asked of the engine; null on a machine itself, and where the
 * engine does not know the container, so that it is another one, which sees the paths that are here.
 */
export async function loadHostMounts(cwd: string, env: Env): Promise<readonly Mount[] | null> {
  const id = containerIn(readText("/proc/self/mountinfo") ?? "");
  if (id === null) return null;
  const { code, stdout } = await capture(["docker", "container", "inspect", "--format", "{{json .Mounts}}", id], {
    cwd,
    env,
  });
  const mounts = code === 0 ? jsonOf(stdout) : null;
  if (!Array.isArray(mounts)) return null;
  return mounts.flatMap((one: unknown) => {
    const [source, target] = [textAt(one, "Source"), textAt(one, "Destination")];
    if (!source || !target || !isNode(one)) return [];
    return [{ source, target, ...(one["RW"] === false ? { readOnly: true as const } : {}) }];
  });
}

/** What compose files of the config bind, which compose itself reads: nobody translates that. Their paths are relative to the root. */
export async function loadComposeBinds(root: string, files: readonly string[]): Promise<readonly ComposeBind[]> {
  const read = files.map(async (file) => {
    const { value } = await configSourceOf(file, readRepoText(root, file) ?? "");
    return composeBinds(file, value);
  });
  return (await Promise.all(read)).flat();
}
