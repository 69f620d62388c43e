import { join } from "node:path";
import { imageNames, loadEngine } from "../doors/docker.ts";
import { tryGit } from "../doors/git.ts";
import { fetchWords, memories } from "../doors/git_refs.ts";
import { loadRemote } from "../doors/git_remote.ts";
import { memoryOf } from "../doors/log_ref.ts";
import { findPlace } from "../doors/place.ts";
import { patternsOf } from "../doors/refs.ts";
import { loadConfig } from "../doors/settings.ts";
import { UserError } from "../errors.ts";
import type { Remote } from "../git/git_remote.ts";
import type { Facts } from "../plan/facts.ts";
import { engineIn, renderSeen, type Seen } from "../text/seen.ts";
import { branchThere, listingOf } from "./ref_facts.ts";

type Here = Pick<Facts, "place" | "env">;
/** A repo with its remote, and what is checked out as the remote calls it. */
type Repo = { readonly owner: string; readonly remote: Remote; readonly branch: string | null };
type Image = { readonly dir: string; readonly image: string; readonly prefix: string };

/**
 * Looks once for all workflows that this one starts in other dirs: at the engine, the names of its images, and the refs of all
 * images, each remote with one call, or two where a log is new here. Gives what to pass on to each, by its dir; none where no
 * engine answers, and each says so.
 */
export async function lookForOthers(dirs: readonly string[], here: Here): Promise<ReadonlyMap<string, string>> {
  const where = { cwd: here.place.root, env: here.env };
  const [{ images: _, ...engine }, names, refs] = await Promise.all([
    loadEngine([], where),
    imageNames(where),
    listAll(dirs, here),
  ]);
  if (!engine.up) return new Map();
  const seen = { at: engineIn(here.env), engine, names };
  return new Map(dirs.map((dir) => [dir, renderSeen({ ...seen, refs: refs.get(dir) ?? null })]));
}

type Listed = ReadonlyMap<string, NonNullable<Seen["refs"]>>;

async function listAll(dirs: readonly string[], here: Here): Promise<Listed> {
  const repos = new Map<string, Promise<Repo | null>>();
  const images = new Map<Repo, Image[]>();
  for (const dir of dirs) {
    const known = await readDir(join(here.place.root, dir), here);
    if (known === null) continue;
    const { owner, wanted, ...image } = known;
    const key = JSON.stringify([owner, wanted]);
    const found = repos.get(key) ?? repoOf(owner, wanted, here);
    repos.set(key, found);
    const repo = await found;
    if (repo) images.set(repo, [...(images.get(repo) ?? []), { dir, ...image }]);
  }
  const all = await Promise.all([...images].map(([repo, some]) => listRepo(repo, some, here)));
  return new Map(all.flat());
}

/** A dir whose config is wrong says so itself. */
async function readDir(dir: string, { env }: Here) {
  try {
    const place = findPlace(dir);
    const { imageName: image, release } = await loadConfig(place, env);
    return { owner: place.owner, wanted: release.remote, image, prefix: release.refPrefix };
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

async function repoOf(owner: string, wanted: string | null, { env }: Here): Promise<Repo | null> {
  const head = tryGit(owner, env, ["symbolic-ref", "--quiet", "--short", "HEAD"]);
  const [{ remote, upstreams }, { stdout }] = await Promise.all([loadRemote(owner, wanted, env), head]);
  return remote && { owner, remote, branch: branchThere({ branch: stdout.trim() || null, upstreams }) };
}

/** The refs of many images of one remote; none where it does not answer, or a log cannot be fetched, and each dir says so. */
async function listRepo(
  repo: Repo,
  images: readonly Image[],
  { env }: Here,
): Promise<[string, NonNullable<Seen["refs"]>][]> {
  const { owner, remote, branch } = repo;
  const git = (words: readonly string[]) => tryGit(owner, env, words);
  const patterns = images.map((image) => patternsOf({ ...image, branch }));
  const [listed, kept] = await Promise.all([
    git(["ls-remote", remote.address, ...new Set(patterns.flat())]),
    git(["for-each-ref", "--format=%(refname) %(objectname)", memories]),
  ]);
  if (listed.code !== 0) return [];
  const rows = listed.stdout.split("\n").flatMap((line) => {
    const [object = "", ref] = line.split("\t");
    return ref === undefined ? [] : [[ref, object] as const];
  });
  const seen = kept.stdout.split("\n");
  const logs = images.map((image) => ({
    ref: `${image.prefix}/log/${image.image}`,
    memory: memoryOf(image.prefix, image.image),
  }));
  const found = new Map(rows);
  const isNew = ({ ref, memory }: (typeof logs)[number]) =>
    found.has(ref) && !seen.includes(`${memory} ${found.get(ref)}`);
  const wanted = logs.filter(isNew).map(({ ref }) => ref);
  const fetched = wanted.length === 0 || (await git([...fetchWords, remote.address, ...wanted])).code === 0;
  if (!fetched) return [];
  return images.map((image, at) => {
    const own = rows.filter(([ref]) => patterns[at]?.some((pattern) => fits(ref, pattern)));
    return [image.dir, { of: listingOf({ ...image, owner, remote, branch }), all: Object.fromEntries(own) }];
  });
}

/** Git's `*` stands for anything, a slash too; an annotated tag has a row for its commit. */
const fits = (ref: string, pattern: string): boolean =>
  pattern.endsWith("*") ? ref.startsWith(pattern.slice(0, -1)) : ref === pattern;
