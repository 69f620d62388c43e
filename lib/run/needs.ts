import { unasked } from "../config/registry.ts";
import { allowedInTree } from "../config/tests.ts";
import type { RemoteFacts } from "../doors/git_remote.ts";
import { currentEntry } from "../names/changelog.ts";
import { releaseTag, targetPlaces } from "../names/names.ts";
import { type BaseChoice, chooseBase } from "../names/releases.ts";
import { imageTag } from "../names/stage.ts";
import type { AllFacts, BaseImage, Facts, GitFacts, Looked, Need, RegistryFacts, TreeFacts } from "../plan/facts.ts";
import { loadEngineFacts } from "./engine_facts.ts";
import type { Request } from "./facts.ts";

export type Base = Omit<Facts, "git" | "tree">;

/** Reads what a script needs, side by side; each part's code is loaded only when it is asked for. */
export async function loadNeeds(base: Base, request: Request): Promise<Partial<AllFacts>> {
  const wants = (need: Need) => request.needs.includes(need);
  const looked = wants("git") || wants("log") ? loadGitFacts(base) : Promise.resolve(undefined);
  const isOnDev = base.stage === "prod" && wants("inputs");
  const early = isOnDev ? await loadGitAndRefs(base, request, looked) : undefined;
  const dev = early ? chooseBase(base.version, early.refs?.log ?? [], request.options.devVersion) : null;
  const below = dev ? [imageTag("dev", "", dev.version)] : [];
  const also = request.also ? wantedTags({ ...base, stage: request.also }) : [];
  const tags = [...wantedTags(base), ...also, ...below, ...typedTags(request)];
  const [{ git, tree, refs, more }, engine, { registries: seen, inputs }] = await Promise.all([
    early ?? loadGitAndRefs(base, request, looked),
    wants("engine") ? loadEngineFacts(base, { tags, own: true }) : undefined,
    loadRegistriesAndInputs(base, { request, tags, dev, git: looked }),
  ]);
  const registries = seen && refs && !request.offline ? await withLabels(base, seen, refs.log) : seen;
  const parts = { git, tree, engine, registries, inputs, ...refs, ...more };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as Partial<AllFacts>;
}

type Wanted = {
  readonly request: Request;
  readonly tags: readonly string[];
  readonly dev: BaseChoice | null;
  readonly git: Promise<GitFacts | undefined>;
};

/** What a prod image is built from includes the digest of its dev image, so the registries are asked first. */
async function loadRegistriesAndInputs(base: Base, { request, tags, dev, git }: Wanted) {
  const wants = (need: Need) => request.needs.includes(need);
  const { offline } = request;
  const asked = wants("registries") ? loadRegistryFacts(base, tags, { offline, labels: wants("inputs") }) : undefined;
  if (!wants("inputs")) return { registries: await asked, inputs: undefined };
  const { readInputs } = await import("./inputs.ts");
  const isTagged = async () => base.version !== null && releaseTag(base, base.version) in ((await git)?.tags ?? {});
  const read = (below: BaseImage | null) =>
    readInputs(base, { buildArg: request.options.buildArg, base: below, isTagged });
  if (base.stage === "dev") {
    const [registries, inputs] = await Promise.all([asked, read(null)]);
    return { registries, inputs };
  }
  const registries = await asked;
  return { registries, inputs: await read(dev ? baseImage(base, registries ?? {}, dev) : null) };
}

/** The dev image of a version by the digest that the first registry which has it shows. */
function baseImage(base: Base, registries: RegistryFacts, choice: BaseChoice): BaseImage | null {
  for (const { registry, repository } of targetPlaces(base)) {
    const state = registries[registry]?.[imageTag("dev", "", choice.version)];
    if (state?.state === "found") return { ...choice, digest: state.digest, repository };
  }
  return null;
}

type Asking = { readonly offline: boolean; readonly labels?: boolean };

/** What tags are in every target; `labels` of versions cost a request more. */
export async function loadRegistryFacts(
  base: Base,
  tags: readonly string[],
  { offline, labels = false }: Asking,
): Promise<RegistryFacts> {
  // Where nothing is released no registry has anything.
  if (offline || base.config.release.none) return unasked(base.targets, tags);
  const { lookAt } = await import("./registry_facts.ts");
  return lookAt(base.targets, base.config.imageName, { tags, env: base.env, labels });
}

async function withLabels(base: Base, seen: Looked["registries"], log: Looked["log"]): Promise<Looked["registries"]> {
  const { labelUnknown } = await import("./registry_facts.ts");
  return labelUnknown(base.targets, { image: base.config.imageName, seen, log, env: base.env });
}

/** The log is read with the remote that Git names, and the tree is compared with the commit that it names. */
async function loadGitAndRefs(base: Base, request: Request, looked: Promise<GitFacts | undefined>) {
  const { needs, offline } = request;
  const git = await looked;
  const [tree, known] = await Promise.all([
    git && needs.includes("tree") && isWholeTree(request) ? loadTreeFacts(base, git) : undefined,
    git ? loadRefParts({ base, git, offline }, needs) : undefined,
  ]);
  return { git, tree, refs: known?.refs, more: known?.more };
}

/** What refs say: read where it is asked for. */
async function loadRefParts(known: { base: Base; git: GitFacts; offline: boolean }, needs: readonly Need[]) {
  if (!needs.includes("log") && !needs.includes("refs")) return undefined;
  const { loadHeld, loadRefs } = await import("./ref_facts.ts");
  const refs = needs.includes("log") ? await loadRefs(known, needs.includes("pushed")) : undefined;
  return {
    refs,
    more: {
      ...(refs ? { lastLog: refs.log } : {}),
      ...(needs.includes("refs") ? { refs: await loadHeld(known) } : {}),
    },
  };
}

/** Whether the options of a test list leave something to record of the tree. */
const isWholeTree = ({ options: { pytestOpts = [], snapshot = false } }: Request): boolean =>
  pytestOpts.length === 0 && !snapshot;

/** A tree that Git calls dirty is not looked at byte for byte. */
async function loadTreeFacts(base: Base, { code: commit, dirty }: GitFacts): Promise<TreeFacts> {
  if (dirty.length > 0) return { differs: dirty.slice(0, 5), stamp: "" };
  const { loadTree } = await import("../doors/tree.ts");
  return loadTree(base.place.root, { commit, allowed: allowedInTree(base) }, base.env);
}

/** The tags that somebody typed; `--candidate` without one means the commit's own, of a build. */
const typedTags = ({ options: { images = [], candidate } }: Request): readonly string[] =>
  typeof candidate === "string" ? [...images, candidate] : images;

/** The tags a flow may ask about: the stage's mutable one and the version's, without one the code version's. */
export function wantedTags({ stage, version, changelog }: Pick<Base, "stage" | "version" | "changelog">): string[] {
  const wanted = version ?? currentEntry(changelog, stage)?.version;
  return [stage, ...(wanted ? [imageTag(stage, "", wanted)] : [])];
}

/** The state of the repo, and the remote where claims, log and tags are kept. */
export async function loadGitFacts(base: Base): Promise<GitFacts> {
  const { loadGit } = await import("../doors/git.ts");
  const [code, remote] = await Promise.all([
    loadGit(base.place, base.config.imageName, base.env),
    loadRemoteFacts(base),
  ]);
  return { ...code, ...remote };
}

/** That remote alone, for what is asked of the log and not of the code. */
export async function loadRemoteFacts({ place, config, env }: Base): Promise<RemoteFacts> {
  const { loadRemote } = await import("../doors/git_remote.ts");
  return loadRemote(place.owner, config.release.remote, env);
}
