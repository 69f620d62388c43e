import { readArchive } from "../doors/archive.ts";
import { loadContainers, loadImages, loadSettings, loadStats } from "../doors/containers.ts";
import { inspectImages } from "../doors/docker.ts";
import { freePort, isFree } from "../doors/ports.ts";
import type { AroundFacts, HandedOver, PatchFacts } from "../model/around_facts.ts";
import { chooseContainer, ownContainers } from "../model/engine_container.ts";
import type { TagState } from "../model/facts.ts";
import { engineRepository } from "../model/names.ts";
import { patchTag } from "../model/patched.ts";
import type { Registry } from "../model/registry.ts";
import { imageTag } from "../model/stage.ts";
import { versionIn } from "../model/version.ts";
import type { Request } from "./facts.ts";
import type { Base } from "./needs.ts";

/** What the commands around containers read of the engine, as far as their script asks for it. */
export async function loadAround(base: Base, request: Request): Promise<Partial<AroundFacts>> {
  const where = { cwd: base.place.root, env: base.env };
  const wants = (need: keyof AroundFacts) => request.needs.includes(need);
  const [containers, listedImages] = await Promise.all([
    wants("containers") ? loadContainers(where) : undefined,
    wants("listedImages") ? loadImages(where) : undefined,
  ]);
  const shown = request.options["all"] === true ? containers : containers && ownContainers({ ...base, containers });
  const running = (shown ?? []).filter((one) => one.running).map(({ id }) => id);
  return {
    ...(containers ? { containers } : {}),
    ...(listedImages ? { listedImages } : {}),
    ...(wants("port") ? { port: await loadPort(base, request) } : {}),
    ...(wants("patch") ? { patch: await loadPatch(base, request, containers ?? []) } : {}),
    ...(wants("handedOver") ? { handedOver: await loadHandedOver(base, request) } : {}),
    ...(wants("stats") ? { stats: await loadStats(running, where) } : {}),
  };
}

/** The local image of the giver: the one of `--from`, else the user's own. */
async function loadHandedOver(base: Base, request: Request): Promise<HandedOver> {
  const { file, from } = request.options as { readonly file?: string; readonly from?: string };
  const archive = file === undefined ? null : await readArchive(file, base.env);
  if (!base.version) return { archive, inEngine: null, inRegistry: null };
  const tag = imageTag("local", from ?? base.user.name, base.version);
  const [inEngine] = await inspectImages([`${engineRepository(base)}:${tag}`], base.place.root, base.env);
  const [registry] = base.targets;
  const asks = archive === null && registry !== undefined && !request.offline;
  return { archive, inEngine: inEngine ?? null, inRegistry: asks ? await tagIn(registry, tag, base) : null };
}

/** The one that was typed; the original's fixed one; else the first free one from a number that is the user's own. */
async function loadPort({ user }: Base, request: Request): Promise<AroundFacts["port"]> {
  const { port, autoAssignPort } = request.options as { port?: number; autoAssignPort?: boolean };
  const fixed = port ?? (autoAssignPort === false ? 9999 : undefined);
  if (fixed !== undefined) return { number: fixed, free: await isFree(fixed) };
  // Below 32768, from where Linux takes ports for outgoing connections.
  const number = await freePort(20_000 + (user.uid % 1200) * 10);
  return { number, free: number !== null };
}

/** The image that the container to be committed was started from, and the tag that it is to have: design.md has `dev_<name>`. */
async function loadPatch(base: Base, request: Request, containers: AroundFacts["containers"]): Promise<PatchFacts> {
  const { container, name, push } = request.options as { container?: string; name?: string; push?: boolean };
  const found = chooseContainer({ ...base, containers }, container);
  if (!found) return { startedFrom: null, tag: null, inRegistry: null };
  const startedFrom = await loadSettings(found.imageId, { cwd: base.place.root, env: base.env });
  const labelled = versionIn(startedFrom?.labels["org.opencontainers.image.version"] ?? "");
  const tag = patchTag(base, name, base.version ?? labelled ?? null);
  const [registry] = base.targets;
  const asks = push === true && registry !== undefined && !request.offline;
  return { startedFrom, tag, inRegistry: asks ? await tagIn(registry, tag, base) : null };
}

async function tagIn(registry: Registry, tag: string, { config, env }: Base): Promise<TagState | null> {
  const { lookAt } = await import("./registry_facts.ts");
  const found = await lookAt([registry], config.imageName, { tags: [tag], env, labels: false });
  return found[registry.name]?.[tag] ?? null;
}
