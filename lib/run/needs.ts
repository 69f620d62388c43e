import { join } from "node:path";
import { newest } from "../model/changelog.ts";
import type { BuildInputs, EngineFacts, Facts, GitFacts, Need, Place, RegistryFacts } from "../model/facts.ts";
import { engineRepository } from "../model/names.ts";
import { imageTag, type Stage } from "../model/stage.ts";
import type { Request } from "./facts.ts";

/** The parts of Facts that cost something; everything else is read for every script. */
export const costly = [
  "git",
  "engine",
  "registries",
  "log",
  "inputs",
  "claim",
  "remoteTags",
  "programs",
  "template",
  "existing",
  "otherImages",
] as const;

type CostlyName = (typeof costly)[number];
type Base = Omit<Facts, CostlyName>;
type Costly = Partial<Pick<Facts, CostlyName>>;

/** Reads what a script needs, side by side; each part's code is loaded only when it is asked for. */
export async function loadNeeds(base: Base, request: Request): Promise<Costly> {
  const wants = (need: Need) => request.needs.includes(need);
  const tags = wantedTags(base, request);
  const [git, engine, registries, inputs, programs, template] = await Promise.all([
    wants("git") || wants("log") ? loadGitFacts(base) : undefined,
    wants("engine") ? loadEngineFacts(base, tags) : undefined,
    wants("registries") ? loadRegistryFacts(base, tags, request) : undefined,
    wants("inputs") ? loadInputs(base.place, base, request.options) : undefined,
    wants("programs") ? loadProgramFacts(base) : undefined,
    wants("template") ? loadTemplateFacts(base) : undefined,
  ]);
  const refs = wants("log") && git ? await loadRefs(base, git, request.offline) : undefined;
  const parts = { git, engine, registries, inputs, programs, ...template, ...refs };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as Costly;
}

async function loadProgramFacts(base: Base): Promise<Facts["programs"]> {
  const { loadPrograms } = await import("../doors/programs.ts");
  return loadPrograms(base.place.root, base.env);
}

async function loadTemplateFacts(base: Base): Promise<Pick<Facts, "template" | "existing" | "otherImages">> {
  const { loadTemplate } = await import("../doors/template.ts");
  const { findRunnableDirs } = await import("../doors/runnable_dirs.ts");
  const others = await findRunnableDirs(base.place, base.env);
  return {
    ...loadTemplate(join(base.place.root, base.place.dir)),
    otherImages: others.filter(({ dir }) => dir !== base.place.dir),
  };
}

/** The tags a flow may ask about: the mutable one of each stage in play, and the version's; without one the code version's. */
function wantedTags(base: Base, request: Request): string[] {
  const stage = (request.options["stage"] as Stage | undefined) ?? request.versionOf ?? "dev";
  const code = newest(base.changelog, stage === "prod" ? "prod" : "dev")?.version;
  const version = base.version ?? code;
  const versions = version ? [version] : [];
  const released = stage === "prod" ? (["prod", "dev"] as const) : (["dev"] as const);
  return [...new Set([...released.flatMap((one) => [one, ...versions.map((version) => imageTag(one, "", version))])])];
}

async function loadGitFacts(base: Base): Promise<GitFacts> {
  const { loadGit } = await import("../doors/git.ts");
  return loadGit(base.place, base.config.imageName, base.env);
}

async function loadEngineFacts(base: Base, tags: readonly string[]): Promise<EngineFacts> {
  const { loadEngine, localTags } = await import("../doors/docker.ts");
  const repository = engineRepository(base);
  const local = await localTags(repository, imageTag("local", base.user.name), base.place.root, base.env);
  return loadEngine(
    [...new Set([...tags, ...local])].map((tag) => `${repository}:${tag}`),
    base.place.root,
    base.env,
  );
}

async function loadRegistryFacts(base: Base, tags: readonly string[], request: Request): Promise<RegistryFacts> {
  if (request.offline)
    return Object.fromEntries(
      base.targets.map(({ name }) => [
        name,
        Object.fromEntries(tags.map((tag) => [tag, { state: "unknown", why: "--offline" }])),
      ]),
    ) as RegistryFacts;
  const { lookAt } = await import("./registry_facts.ts");
  return lookAt(base.targets, base.config.imageName, { tags, env: base.env, labels: request.needs.includes("inputs") });
}

async function loadRefs(
  base: Base,
  git: GitFacts,
  offline: boolean,
): Promise<Pick<Facts, "log" | "claim" | "remoteTags">> {
  const { openRefs } = await import("../doors/refs.ts");
  const refs = openRefs(
    base.place,
    { image: base.config.imageName, prefix: base.config.release.refPrefix, remote: offline ? null : git.remote },
    base.env,
  );
  const all = await refs.list();
  const claimRef = `${base.config.release.refPrefix}/claim/${base.config.imageName}-${base.version}`;
  const claim = all[claimRef];
  return {
    log: await refs.readLog(all[refs.logRef]),
    claim: claim ? await refs.readOwner(claimRef, claim) : null,
    remoteTags: tagCommits(all),
  };
}

/** `refs/tags/x^{}` is the commit of an annotated tag, `refs/tags/x` alone that of a plain one. */
const tagCommits = (all: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([ref, object]) => {
      const tag = ref.match(/^refs\/tags\/(.*?)(\^\{\})?$/);
      return tag?.[1] && (tag[2] || !all[`${ref}^{}`]) ? [[tag[1], object]] : [];
    }),
  );

async function loadInputs(place: Place, base: Base, options: Request["options"]): Promise<BuildInputs> {
  const { readInputs } = await import("./inputs.ts");
  return readInputs(place, base, options);
}
