import { join, relative } from "node:path";
import { privateFolder, remove } from "../doors/files.ts";
import { type LayerFile, packCode, packRuntime, readLayer } from "../doors/layers.ts";
import { makeSnapshot } from "../doors/snapshot.ts";
import type { Layer } from "../model/oci/added_layers.ts";
import type { Repository } from "../model/oci/address.ts";
import { bytes } from "../model/units.ts";
import { type Outcome, output, slipwayFolder, type World } from "../run/world.ts";
import type { ClusterCode } from "./cluster_code.ts";

const pushed = new WeakMap<World["state"], readonly Layer[]>();

/** The layers that this run pushed. */
export function pushedLayers({ state }: World): readonly Layer[] {
  const layers = pushed.get(state);
  if (!layers) throw new Error("a list is run on a cluster before its code is pushed");
  return layers;
}

/** Packs and pushes; what lies here meanwhile is a folder of this run's own, so that others beside it have theirs. */
export async function pushCode({ commit, branch, to }: ClusterCode, world: World): Promise<Outcome> {
  const { facts } = world;
  const { place, env } = facts;
  const stage = slipwayFolder(facts, "swarm", world.owner.nonce);
  try {
    const code = { commit, branch, mounted: [] };
    const app = join(stage, "app");
    await makeSnapshot(place.root, relative(place.root, app), code, env);
    privateFolder(stage);
    const layers = [await packRuntime(env), await packCode(app, env)];
    const client = await world.registries();
    const first = new Map<string, Repository>();
    for (const repo of to) {
      const from = first.get(repo.host) ?? null;
      for (const layer of layers)
        await client.putBlob(repo, { blob: blobOf(layer), from, read: () => readLayer(layer) });
      if (from === null) {
        first.set(repo.host, repo);
        output(world, `${commit.slice(0, 12)} is in ${repo.host}, ${bytes(layers[1]?.size ?? 0)}\n`);
      }
    }
    pushed.set(world.state, layers);
    return "done";
  } finally {
    remove(stage);
  }
}

const blobOf = ({ digest, size }: LayerFile) => ({ mediaType: "application/octet-stream", digest, size });
