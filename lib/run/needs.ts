import { currentEntry } from "../model/changelog.ts";
import type { AllFacts, Facts, GitFacts, Looked, Need, TreeFacts } from "../model/facts.ts";
import { imageTag } from "../model/stage.ts";
import { allowedInTree } from "../model/tests.ts";
import { chooseBase, loadRegistriesAndInputs } from "./base_image.ts";
import { loadEngineFacts } from "./engine_facts.ts";
import type { Request } from "./facts.ts";

/** The parts of Facts that cost something; everything else is read for every script. */
export const costly = [
  "git",
  "tree",
  "engine",
  "registries",
  "log",
  "lastLog",
  "inputs",
  "claim",
  "refs",
  "remoteTags",
  "unpushed",
  "moving",
] as const;

type CostlyName = (typeof costly)[number];
export type Base = Omit<Facts, CostlyName>;
type Costly = Partial<Pick<AllFacts, CostlyName>>;

/** Reads what a script needs, side by side; each part's code is loaded only when it is asked for. */
export async function loadNeeds(base: Base, request: Request): Promise<Costly> {
  const wants = (need: Need) => request.needs.includes(need);
  const looked = wants("git") || wants("log") ? loadGitFacts(base) : Promise.resolve(undefined);
  const isOnDev = base.stage === "prod" && wants("inputs");
  const early = isOnDev ? await loadGitAndRefs(base, request, looked) : undefined;
  const dev = early ? chooseBase(base, early.refs?.log ?? [], request.options.devVersion) : null;
  const below = dev ? [imageTag("dev", "", dev.version)] : [];
  const tags = [...wantedTags(base), ...below, ...typedTags(request)];
  const [{ git, tree, refs, more }, engine, { registries: seen, inputs }] = await Promise.all([
    early ?? loadGitAndRefs(base, request, looked),
    wants("engine") ? loadEngineFacts(base, { tags, own: true }) : undefined,
    loadRegistriesAndInputs(base, { request, tags, dev, git: looked }),
  ]);
  const registries = seen && refs && !request.offline ? await withLabels(base, seen, refs.log) : seen;
  const parts = { git, tree, engine, registries, inputs, ...refs, ...more };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as Costly;
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
  const [{ loadGit }, { loadRemote }] = await Promise.all([
    import("../doors/git.ts"),
    import("../doors/git_remote.ts"),
  ]);
  const { place, config, env } = base;
  const [code, remote] = await Promise.all([
    loadGit(place, config.imageName, env),
    loadRemote(place.owner, config.release.remote, env),
  ]);
  return { ...code, ...remote };
}
