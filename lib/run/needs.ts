import { join } from "node:path";
import { aroundNames } from "../model/around_facts.ts";
import { currentEntry } from "../model/changelog.ts";
import type { Facts, GitFacts, Need } from "../model/facts.ts";
import { releaseClaim } from "../model/names.ts";
import { imageTag } from "../model/stage.ts";
import type { Version } from "../model/version.ts";
import { baseVersion, loadRegistriesAndInputs } from "./base_image.ts";
import { loadEngineFacts } from "./engine_facts.ts";
import type { Request } from "./facts.ts";
import type { loadReportFacts } from "./report_facts.ts";

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
  "deployment",
  "packages",
  "template",
  "existing",
  "otherImages",
  "images",
  "runs",
  "commits",
  "output",
  ...aroundNames,
] as const;

type CostlyName = (typeof costly)[number];
export type Base = Omit<Facts, CostlyName>;
type Costly = Partial<Pick<Facts, CostlyName>>;

/** Reads what a script needs, side by side; each part's code is loaded only when it is asked for. */
export async function loadNeeds(base: Base, request: Request): Promise<Costly> {
  const wants = (need: Need) => request.needs.includes(need);
  const isOnDev = base.stage === "prod" && wants("inputs");
  const early = isOnDev ? await loadGitAndRefs(base, request) : undefined;
  const dev = early ? baseVersion(base, early.refs?.log ?? [], request) : null;
  const named = typedTags(request);
  const tags = [...wantedTags(base, dev), ...(wants("named") ? [] : named)];
  const [{ git, refs }, engine, { registries, inputs }, programs, packages, template, deployment] = await Promise.all([
    early ?? loadGitAndRefs(base, request),
    wants("engine") ? loadEngineFacts(base, tags, wants("named") ? named : []) : undefined,
    loadRegistriesAndInputs(base, { request, tags, dev }),
    wants("programs") ? loadProgramFacts(base) : undefined,
    wants("packages") ? loadPackages(base) : undefined,
    wants("template") ? loadTemplateFacts(base) : undefined,
    wants("deployment") ? loadDeploymentFacts(base, request) : undefined,
  ]);
  const isReport = (["releases", "images", "runs", "commits", "output"] as const).some(wants);
  const report = isReport && git && refs ? await loadReport({ ...base, git, log: refs.log }, request) : undefined;
  const around = aroundNames.some(wants) ? await loadAroundFacts(base, request) : undefined;
  const groups = { ...template, ...refs, ...report, ...around };
  const parts = { git, engine, registries, inputs, programs, packages, deployment, ...groups };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as Costly;
}

/** The log is read with the remote that Git names. */
async function loadGitAndRefs(base: Base, { needs, offline }: Request) {
  const git = needs.includes("git") || needs.includes("log") ? await loadGitFacts(base) : undefined;
  return { git, refs: git && needs.includes("log") ? await loadRefs(base, git, offline) : undefined };
}

/** What is looked up after the log, because the log says what there is to look for. */
async function loadReport(base: Parameters<typeof loadReportFacts>[0], request: Request): Promise<Costly> {
  const { loadReportFacts } = await import("./report_facts.ts");
  return loadReportFacts(base, request);
}

async function loadDeploymentFacts(base: Base, request: Request): Promise<Facts["deployment"]> {
  const { loadDeployment } = await import("./deployment_facts.ts");
  return loadDeployment(base, request);
}

async function loadAroundFacts(base: Base, request: Request): Promise<Costly> {
  const { loadAround } = await import("./needs_around.ts");
  return loadAround(base, request);
}

async function loadProgramFacts(base: Base): Promise<Facts["programs"]> {
  const { loadPrograms } = await import("../doors/programs.ts");
  return loadPrograms(base.place.root, base.env);
}

async function loadPackages(base: Base): Promise<Facts["packages"]> {
  const { loadPackageFacts } = await import("../doors/pyproject.ts");
  return loadPackageFacts(base.place, base.env);
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

/** The tags that somebody typed; `--candidate` without one means the commit's own, of a build. */
function typedTags({ options }: Request): readonly string[] {
  const { images = [], candidate } = options as { images?: readonly string[]; candidate?: string | boolean };
  return typeof candidate === "string" ? [...images, candidate] : images;
}

/** The tags a flow may ask about: the stage's mutable one, the version's (without one the code version's), the base's. */
function wantedTags({ stage, version, changelog }: Base, dev: Version | null): string[] {
  const wanted = version ?? currentEntry(changelog, stage)?.version;
  return [stage, ...(wanted ? [imageTag(stage, "", wanted)] : []), ...(dev ? [imageTag("dev", "", dev)] : [])];
}

async function loadGitFacts(base: Base): Promise<GitFacts> {
  const { loadGit } = await import("../doors/git.ts");
  return loadGit(base.place, base.config.imageName, base.env);
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
  const ref = base.version ? releaseClaim(base, base.version) : "";
  const claim = all[ref];
  return {
    log: await refs.readLog(all[refs.logRef]),
    claim: claim ? await refs.readOwner(ref, claim) : null,
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
