import { join, relative } from "node:path";
import { pause } from "../doors/clock.ts";
import { askCluster } from "../doors/cluster.ts";
import { privateFolder, remove } from "../doors/files.ts";
import { type LayerFile, packCode, packRuntime, readLayer } from "../doors/layers.ts";
import { makeSnapshot } from "../doors/snapshot.ts";
import type { Repository } from "../names/address.ts";
import type { Layer } from "../oci/rules/added_layers.ts";
import { isGone } from "../run/containers.ts";
import { type Outcome, output, slipwayFolder, type World } from "../run/world.ts";
import { jsonOf, textAt } from "../text/shape.ts";
import { bytes } from "../text/units.ts";
import type { ClusterCode } from "./cluster_code.ts";

const pushed = new WeakMap<World["state"], readonly Layer[]>();

/** The layers that this run pushed. */
export function pushedLayers({ state }: World): readonly Layer[] {
  const layers = pushed.get(state);
  if (!layers) throw new Error("a list is run on a cluster before its code is pushed");
  return layers;
}

/** The label of a service that says where its image lies. */
export const repoLabel = "dev.slipway.repo";

/** Removes what a run on this machine left on the swarm that was killed: its services, their secrets and images. */
async function reap({ on }: ClusterCode, world: World): Promise<void> {
  const where = { cwd: world.facts.place.root, env: world.facts.env };
  const ask = (...words: readonly string[]) => askCluster(on, words, where);
  const listed = await ask("service", "ls", "--quiet", "--filter", "label=dev.slipway.owner");
  const ids = listed.stdout.split("\n").filter((id) => id !== "");
  if (ids.length === 0) return;
  const all = jsonOf((await ask("service", "inspect", ...ids)).stdout);
  for (const one of Array.isArray(all) ? all : []) {
    const name = textAt(one, "Spec", "Name");
    const owner = textAt(one, "Spec", "Labels", "dev.slipway.owner");
    if (name === undefined || owner === undefined || !isGone(owner, world)) continue;
    output(world, `removing service ${name}, left by a process that is gone\n`);
    await ask("service", "rm", name);
    const repo = jsonOf(textAt(one, "Spec", "Labels", repoLabel) ?? "");
    const [, digest] =
      /@(sha256:[0-9a-f]{64})$/.exec(textAt(one, "Spec", "TaskTemplate", "ContainerSpec", "Image") ?? "") ?? [];
    const client = await world.registries();
    if (digest && isRepository(repo)) await client.remove(repo, [{ digest, tags: [] }]).catch(() => undefined);
    await removeSecret(on, name, where);
  }
}

const isRepository = (value: unknown): value is Repository =>
  ["registry", "kind", "scheme", "host", "path", "reference"].every((name) => textAt(value, name) !== undefined);

/** Removes a secret; it is in use until the last task of its service is gone. */
export async function removeSecret(
  on: ClusterCode["on"],
  name: string,
  where: Parameters<typeof askCluster>[2],
): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    const { code, stderr } = await askCluster(on, ["secret", "rm", name], where);
    if (code === 0 || /not found|no such/i.test(stderr)) return;
    await pause(500);
  }
}

/** Packs and pushes; what lies here meanwhile is a folder of this run's own, so that others beside it have theirs. */
export async function pushCode(action: ClusterCode, world: World): Promise<Outcome> {
  const { commit, branch, to } = action;
  const { facts } = world;
  await reap(action, world);
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
