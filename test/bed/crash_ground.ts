import { makeShims, watchRefs } from "./crash.ts";
import { finalState } from "./final_state.ts";
import { type Ground, makeGround } from "./tiny_repo.ts";
import { startTrapProxy, type TrapProxy } from "./trap_proxy.ts";
import { dropImages } from "./workflow.ts";

/** A repo in which a run is ended, and its image. */
export type Spot = { readonly repo: string; readonly image: string };
export type SpotOptions = {
  readonly gates?: readonly string[];
  /** What happens in the new repo before anything is watched. */
  readonly before?: (spot: Spot, ground: Ground) => Promise<void>;
};

/** Two registries behind proxies that can spring traps, and programs that can, before docker and git. */
export type CrashGround = {
  readonly ground: Ground;
  readonly bin: string;
  readonly proxies: Readonly<Record<string, TrapProxy>>;
  /** A repo whose registries lie behind the proxies, with an image of its own. */
  readonly spot: (options?: SpotOptions) => Promise<Spot>;
  readonly stateOf: (spot: Spot) => Promise<unknown>;
  readonly end: () => Promise<void>;
};

/** Starts all of it; `prefix` begins the names of its images. */
export async function makeCrashGround(prefix: string): Promise<CrashGround> {
  const ground = await makeGround(2);
  const bin = await makeShims(ground.dir);
  const started = Object.entries(ground.addresses).map(async ([name, it]) => [name, await startTrapProxy(it)] as const);
  const proxies = Object.fromEntries(await Promise.all(started));
  const registries = Object.fromEntries(Object.entries(proxies).map(([name, { address }]) => [name, address]));
  const named = Object.values(registries);
  let made = 0;
  return {
    ground,
    bin,
    proxies,
    spot: async ({ gates = ["fast"], before } = {}) => {
      made += 1;
      const image = `${prefix}${made}x`;
      const spot = { repo: await ground.repo(image, { registries, gates }), image };
      await before?.(spot, ground);
      watchRefs(spot.repo);
      return spot;
    },
    stateOf: (spot) => finalState({ ...spot, addresses: Object.values(ground.addresses), named }),
    end: async () => {
      await dropImages(named);
      await Promise.all(Object.values(proxies).map(({ stop }) => stop()));
      await ground.end();
    },
  };
}
