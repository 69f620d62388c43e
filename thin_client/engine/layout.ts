import { join } from "node:path";
import { cacheHome, engineHome } from "../../lib/doors/engine.ts";
import { UserError } from "../../lib/errors.ts";

/** An environment as given to a process. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Where everything of the private engine lies; nothing of it is anywhere else. `packages` and `images` are caches. */
export type Layout = {
  readonly home: string;
  readonly bin: string;
  readonly packages: string;
  readonly images: string;
  readonly data: string;
  readonly config: string;
  readonly run: string;
  readonly exec: string;
  readonly log: string;
  readonly holders: string;
  readonly registries: string;
};

/** The longest path, in bytes, that a Unix socket may have, less what containerd adds below the folder. */
const longestHome = 70;

/** The folders of the private engine that belong to this environment. */
export function layout(env: Env): Layout {
  const home = engineHome(env);
  const at = (...parts: readonly string[]) => join(home, ...parts);
  return {
    home,
    bin: at("bin"),
    packages: join(cacheHome(env), "packages"),
    images: join(cacheHome(env), "images"),
    data: at("data"),
    config: at("config"),
    run: at("run"),
    exec: at("run", "exec"),
    log: at("log"),
    holders: at("holders"),
    registries: at("registries"),
  };
}

/** Refuses a home whose sockets would have longer paths than the kernel takes. */
export function assertShortHome(home: string): void {
  const length = Buffer.byteLength(home);
  if (length <= longestHome) return;
  throw new UserError(`the engine's folder "${home}" has ${length} bytes, ${longestHome} is the most`, {
    why: "its sockets lie below it, and the kernel takes socket paths up to 107 bytes.",
    fix: "Set XDG_DATA_HOME to a shorter folder and run the same command again.",
  });
}
