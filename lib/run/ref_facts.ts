import { notice } from "../doors/console.ts";
import { type RemoteFacts, remoteOf } from "../doors/git_remote.ts";
import { type Named, openRefs, type Refs } from "../doors/refs.ts";
import { UserError } from "../errors.ts";
import type { Remote } from "../git/git_remote.ts";
import { flipRef, timeOf } from "../names/claim.ts";
import type { SignedEntry } from "../names/log.ts";
import { damaged, forgotten, type LostRelease, type Standing, type Survey } from "../names/log_repair.ts";
import { releaseClaim, releaseTag } from "../names/names.ts";
import { gitTag, imageTag, type ReleaseStage } from "../names/stage.ts";
import { isVersion, type Version } from "../names/version.ts";
import type { AllFacts, GitFacts, HeldRef, HeldRefs, Looked, Owner } from "../plan/facts.ts";
import { quote } from "../plan/render_plan.ts";
import type { Seen } from "../text/seen.ts";
import type { Base } from "./needs.ts";

type Known<G = GitFacts> = { readonly base: Base; readonly git: G; readonly offline: boolean };
type All = Readonly<Record<string, string>>;

/** What tells where the refs are; without a branch none of the remote's is listed beside them. */
type Where = RemoteFacts & Pick<GitFacts, "branch">;

/** The branch of the remote that has what is checked out: the one that it follows, else the one of its name. */
export const branchThere = ({ branch, upstreams }: Pick<Where, "branch" | "upstreams">): string | null =>
  branch === null ? null : (upstreams[branch] ?? `refs/heads/${branch}`);

const opened = new WeakMap<Base["env"], Map<string, Refs>>();

/** What the workflow saw that started this one; most are started by a person, and load nothing of this. */
export const passedOn = async (env: Base["env"]): Promise<Seen | null> =>
  env["SLIPWAY_SEEN"] === undefined ? null : (await import("../text/seen.ts")).readSeen(env);

/** The refs of an image, one view of them for the look and the run: what the look saw is trusted until a move shows otherwise. */
export async function sharedRefs(
  { config, place, env }: Pick<Base, "config" | "place" | "env">,
  git: Where,
  offline: boolean,
): Promise<Refs> {
  const passed = (await passedOn(env))?.refs ?? null;
  const { imageName: image, release } = config;
  const hasRemote = git.remote !== null || git.unclear !== null;
  const remote = offline ? null : remoteOf(git);
  const named = {
    image,
    prefix: release.refPrefix,
    remote,
    offline: offline && hasRemote,
    branch: branchThere(git),
    identity: git.identity,
  };
  const known = opened.get(env) ?? new Map<string, Refs>();
  opened.set(env, known);
  const key = JSON.stringify([place.owner, named]);
  const listed =
    passed && remote && passed.of === listingOf({ owner: place.owner, ...named, remote }) ? passed.all : null;
  const refs = known.get(key) ?? openRefs(place, { ...named, listed }, env);
  known.set(key, refs);
  return refs;
}

type Listing = Pick<Named, "image" | "prefix" | "branch"> & { readonly owner: string; readonly remote: Remote };

/** What a list of refs is of: of another repo, remote, image or branch it would be another. */
export const listingOf = ({ owner, remote, image, prefix, branch }: Listing): string =>
  JSON.stringify([owner, remote.address, image, prefix, branch]);

const open = ({ base, git, offline }: Known<Where>): Promise<Refs> => sharedRefs(base, git, offline);

type RefFacts = Pick<AllFacts, "log" | "claim" | "moving" | "remoteTags" | "unpushed">;

/**
 * The log, the claim of the version and the release tags, in one look, and with `pushed` whether the remote has the commit; a
 * log that is not whole is refused.
 */
export async function loadRefs(known: Known, pushed: boolean): Promise<RefFacts> {
  const { base, offline } = known;
  const refs = await open(known);
  const all = await refs.list();
  const log = await refs.readLog(all[refs.logRef]);
  if (!offline) await assertBegun(refs, all, known);
  return {
    log,
    claim: await claimIn(refs, all, base),
    moving: flipRef(base.config.release.refPrefix, base.config.imageName) in all,
    remoteTags: tagCommits(all),
    unpushed: pushed ? await lookForCommit(refs, all, known) : null,
  };
}

/** The claim of the version as the last look saw it. */
export async function claimOf(known: Known): Promise<Owner | null> {
  const refs = await open(known);
  return claimIn(refs, await refs.known(), known.base);
}

async function claimIn(refs: Refs, all: All, base: Pick<Base, "config" | "stage" | "version">): Promise<Owner | null> {
  const ref = base.version ? releaseClaim(base, base.version) : "";
  const object = all[ref];
  const claim = object ? await refs.readOwner(ref, object) : null;
  // One that cannot be read is refused, or dropped, by whoever takes the claim.
  return claim && "broken" in claim ? null : claim;
}

/** The log that this clone saw last, which costs no network. */
export async function lastSeenLog({ config, place, env }: Base): Promise<Looked["lastLog"]> {
  const { imageName: image, release } = config;
  return openRefs(place, { image, prefix: release.refPrefix, remote: null, offline: true }, env).lastSeenLog();
}

/** The log as it is now, for who can do with what this clone saw last: that is told where nobody answers. */
export async function latestLog(known: Known<Where>): Promise<Looked["lastLog"]> {
  const refs = await open(known);
  try {
    return await refs.readLog((await refs.list())[refs.logRef]);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    notice(`the log of releases cannot be read now, and what was rolled back since is not known: ${error.message}`);
    return refs.lastSeenLog();
  }
}

async function lookForCommit(refs: Refs, all: All, { git, offline }: Known): Promise<Looked["unpushed"]> {
  const { remote, commit } = git;
  if (offline || !remote) return null;
  const branch = branchThere(git) ?? "refs/heads/BRANCH";
  if (await refs.isOnBranch(all, branch, commit)) return null;
  const name = branch.replace("refs/heads/", "");
  return { branch: name, line: `git push ${quote(remote.name)} ${quote(`HEAD:${name}`)}` };
}

/** Where there is no log, no version may be released but the one that is at work: its tag is pushed before its record. */
async function assertBegun(refs: Refs, all: All, { base, git }: Known): Promise<void> {
  if (all[refs.logRef]) return;
  const own = base.version ? releaseTag(base, base.version) : null;
  const [tag] = (await refs.releaseTags(all)).filter((name) => name !== own);
  if (tag) throw damaged(forgotten(refs.logRef, git.remote?.name ?? null, tag));
}

/** `refs/tags/x^{}` is the commit of an annotated tag, `refs/tags/x` alone that of a plain one. */
const tagCommits = (all: All): Record<string, string> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([ref, object]) => {
      const tag = ref.match(/^refs\/tags\/(.*?)(\^\{\})?$/);
      return tag?.[1] && (tag[2] || !all[`${ref}^{}`]) ? [[tag[1], object]] : [];
    }),
  );

/** Who holds a claim or moves a tag now, and whether the log is whole: for reports, which tell what is wrong and go on. */
export async function loadHeld(known: Known): Promise<HeldRefs> {
  try {
    const refs = await open(known);
    const all = await refs.list();
    const held = await heldRefs(refs, all, known.base);
    await refs.readLog(all[refs.logRef]);
    if (!known.offline) await assertBegun(refs, all, known);
    return { held, fault: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { held: [], fault: { what: error.message, fix: error.fix } };
  }
}

async function heldRefs(refs: Refs, all: All, { config }: Base): Promise<HeldRef[]> {
  const { imageName, release } = config;
  const flip = flipRef(release.refPrefix, imageName);
  const claims = new RegExp(`^${release.refPrefix}/claim/${imageName.replaceAll(".", "\\.")}-(?:prod-)?([0-9.]+)$`);
  const rows = Object.entries(all).map(async ([ref, object]): Promise<HeldRef[]> => {
    const version = claims.exec(ref)?.[1];
    if (ref !== flip && version === undefined) return [];
    const found = ref === flip ? await refs.readFlip(ref, object) : await refs.readOwner(ref, object);
    if (found === null) return [];
    if ("broken" in found) return [{ ref, isBroken: true, says: found.broken }];
    if (!("owner" in found)) return [{ ref, isBroken: false, says: `is held by ${ownerText(found)}` }];
    const says = `moves ${found.tag} to ${found.version}, by ${ownerText(found.owner)}`;
    return [{ ref, isBroken: false, says }];
  });
  return (await Promise.all(rows)).flat();
}

const ownerText = ({ user, host, pid, at }: Owner): string => `${user} on ${host} (process ${pid}) since ${timeOf(at)}`;

/** The log as it is, with what Git tags and registries say of releases that it lost. */
export async function loadSurvey(known: Known): Promise<Survey> {
  const refs = await open(known);
  const all = await refs.list();
  const survey = await refs.survey(all);
  const tags = known.offline ? [] : await refs.releaseTags(all);
  const [tag] = survey.tip === null ? tags : [];
  const fault = survey.fault ?? (tag ? forgotten(refs.logRef, known.git.remote?.name ?? null, tag) : null);
  if (fault === null || known.offline) return { ...survey, fault, lost: [], standing: [] };
  return { ...survey, fault, ...(await lookForLost(known.base, { tags, all, entries: survey.entries })) };
}

type Search = { readonly tags: readonly string[]; readonly all: All; readonly entries: readonly SignedEntry[] };

async function lookForLost(base: Base, { tags, all, entries }: Search) {
  const { config, env } = base;
  const commits = tagCommits(all);
  const stages = ["dev", "prod"] as const satisfies readonly ReleaseStage[];
  const isLogged = (stage: ReleaseStage, version: string) =>
    entries.some((entry) => entry.type === "release" && entry.stage === stage && entry.version === version);
  const wanted = stages.flatMap((stage) => {
    const prefix = gitTag(config.imageName, stage, "" as Version);
    return tags
      .filter((tag) => tag.startsWith(prefix))
      .map((tag) => ({ tag, stage, version: tag.slice(prefix.length), commit: commits[tag] ?? "" }))
      .filter((one): one is typeof one & { version: Version } => isVersion(one.version))
      .filter(({ version }) => !isLogged(stage, version));
  });
  const { lookAt } = await import("./registry_facts.ts");
  const asked = [...stages, ...wanted.map(({ stage, version }) => imageTag(stage, "", version))];
  const seen = await lookAt(config.registries, config.imageName, { tags: asked, env, labels: true });
  const digestsOf = (tag: string, version?: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(seen).flatMap(([name, row]) => {
        const state = row[tag];
        const label = state?.state === "found" ? state.labels?.["org.opencontainers.image.version"] : undefined;
        const isOther = version !== undefined && label !== undefined && label !== version;
        return state?.state === "found" && !isOther ? [[name, state.digest]] : [];
      }),
    );
  const lost = wanted.map((one): LostRelease => {
    const digests = digestsOf(imageTag(one.stage, "", one.version), one.version);
    const all = [...new Set(Object.values(digests))];
    return { ...one, digest: all.length === 1 ? (all[0] ?? null) : null, registries: Object.keys(digests) };
  });
  const standing = stages.map((stage): Standing => ({ stage, digests: digestsOf(stage) }));
  return { lost, standing };
}
