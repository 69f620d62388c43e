import { join } from "node:path";
import { makeShims } from "./crash.ts";
import { containersWith, engineTags } from "./engine_api.ts";
import { finalState } from "./final_state.ts";
import { addRemote, commitAll, git } from "./git.ts";
import { changelog, type Ground, makeGround, tinyConfig, write } from "./tiny_repo.ts";
import { startTrapProxy, type TrapProxy } from "./trap_proxy.ts";
import { docker, dropImages, workflowsIn } from "./workflow.ts";

/** A repo in which a run is ended, and its image. */
export type Spot = { readonly repo: string; readonly image: string };
export type SpotOptions = {
  readonly gates?: readonly string[];
  /** What registries are, where they are not of kind oci. */
  readonly kinds?: Readonly<Record<string, string>>;
  /** The engine has the image of 1.0.0 already, and no test asks to see it again: what comes after them is swept alone. */
  readonly built?: true;
  /** What happens in the new repo before anything is watched. */
  readonly before?: (spot: Spot, on: CrashGround) => Promise<void>;
};

/** Two registries behind proxies that can spring traps, and programs that can, before docker and git. */
export type CrashGround = {
  readonly ground: Ground;
  readonly bin: string;
  readonly proxies: Readonly<Record<string, TrapProxy>>;
  /** A registry's address, as the repo's config and the engine have it: that of its proxy. */
  readonly addresses: Readonly<Record<string, string>>;
  /** A repo whose registries lie behind the proxies, with an image of its own. */
  readonly spot: (options?: SpotOptions) => Promise<Spot>;
  readonly stateOf: (spot: Spot) => Promise<unknown>;
  readonly end: () => Promise<void>;
};

/** What the engine has of the image of a spot, by tag. */
export const inEngine = ({ image }: Spot, { addresses }: CrashGround): Promise<readonly string[]> =>
  engineTags(`${addresses["r1"]}/${image}`);

/** Starts all of it; `prefix` begins the names of its images. */
export async function makeCrashGround(
  prefix: string,
  more: Readonly<Record<string, TrapProxy>> = {},
): Promise<CrashGround> {
  const ground = await makeGround(2);
  const bin = await makeShims(ground.dir);
  const started = Object.entries(ground.addresses).map(async ([name, it]) => [name, await startTrapProxy(it)] as const);
  const proxies = Object.fromEntries(await Promise.all(started));
  const registries = Object.fromEntries(Object.entries(proxies).map(([name, { address }]) => [name, address]));
  const named = Object.values(registries);
  const images: string[] = [];
  let count = 0;
  let base: Promise<Base> | undefined;
  const on: CrashGround = {
    ground,
    bin,
    proxies: { ...proxies, ...more },
    addresses: registries,
    spot: async ({ gates = ["fast"], kinds = {}, built, before } = {}) => {
      count += 1;
      const image = `${prefix}${count}x`;
      if (built) base ??= buildBase(ground, `${prefix}base`, registries);
      const repo =
        base && built ? await cloneBase(await base, image) : await ground.repo(image, { registries, gates, kinds });
      const spot = { repo, image };
      images.push(image);
      await before?.(spot, on);
      return spot;
    },
    stateOf: (spot) => finalState({ ...spot, addresses: Object.values(ground.addresses), named }),
    end: async () => {
      const left = await Promise.all(images.map((image) => containersWith(`dev.slipway.image=${image}`)));
      if (left.flat().length > 0) await docker("rm", "--force", ...left.flat());
      await dropImages(named);
      await Promise.all(Object.values({ ...proxies, ...more }).map(({ stop }) => stop()));
      await ground.end();
    },
  };
  return on;
}

type Base = { readonly repo: string; readonly registries: Readonly<Record<string, string>>; readonly digest: string };

/** Builds an image that is released under many names: its inputs are the same files of the same commit. */
async function buildBase(ground: Ground, name: string, registries: Base["registries"]): Promise<Base> {
  const repo = await ground.repo(name, { registries, gates: [] });
  const built = await workflowsIn(repo)("docker_build_local", "--version", "1.0.0", "--json");
  if (built.code !== 0 || built.digest === null) throw new Error(built.stderr);
  return { repo, registries, digest: built.digest };
}

/** A clone whose image has another name, and is in the engine under it. */
async function cloneBase({ repo, registries, digest }: Base, name: string): Promise<string> {
  const clone = join(repo, "..", name);
  await git(".", "clone", "--quiet", "--origin", "base", repo, clone);
  await git(clone, "remote", "remove", "base");
  write(clone, {
    "repo_config.yaml": tinyConfig({ name, registries, gates: [] }),
    "changelog.txt": changelog(name, "1.0.0"),
  });
  await commitAll(clone, `Start ${name}`);
  await addRemote(clone);
  await docker("tag", digest, `${registries["r1"]}/${name}:local-root-1.0.0`);
  return clone;
}
