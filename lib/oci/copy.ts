import type { Repository } from "../names/address.ts";
import { hasBlob } from "./blobs.ts";
import { bufferCollector } from "./collect.ts";
import { broken, missing } from "./digest.ts";
import { headManifest, knownManifest, partsOf, readManifest, writeManifest } from "./manifests.ts";
import type { Copying, Target } from "./move_blob.ts";
import { guard, moveBlob } from "./move_blob.ts";
import type { Descriptor, Node } from "./rules/copy_plan.ts";
import { blobsOf, pushOrder } from "./rules/copy_plan.ts";
import { RegistryError } from "./rules/failure.ts";
import type { Session } from "./session.ts";
import type { CopyEvent, CopyJob, CopyResult, Manifest } from "./types.ts";

const large = 4_000_000;
/** Small blobs first, where waiting costs most; then the large ones, which memory allows two at once. */
const lanes = [
  { atOnce: 8, takes: (blob: Descriptor) => blob.size < large },
  { atOnce: 2, takes: (blob: Descriptor) => blob.size >= large },
] as const;

type Tree = readonly Node<Manifest>[];
/** What a target does not hold: manifests in pushing order, and the digests of blobs. */
type Lacking = { readonly tree: Tree; readonly blobs: ReadonlySet<string> };

/**
 * Copies an image to every target, digest kept: blobs, then children, then the index, the tag last, each read back.
 * Where the tag (or without one the digest) is already right, one HEAD is all that is sent, but of an image whose manifest
 * this client has read a target is asked everything at once. Gives one result per target, in order; throws only when
 * interrupted.
 */
export async function copyImage(
  session: Session,
  job: CopyJob,
  progress: (event: CopyEvent) => void,
): Promise<CopyResult[]> {
  const copying: Copying = { session, from: job.from, progress, collect: await bufferCollector() };
  const targets = job.to.map((repo): Target => ({ repo, error: null, done: false }));
  const isRead = knownManifest(session, job.from, job.digest) !== undefined;
  let reading: Promise<Tree> | undefined;
  const ask = async (target: Target) => {
    reading ??= readTree(copying, job.digest);
    return lackingIn(copying, target.repo, await reading);
  };
  const lacking = new Map<Target, Lacking>();
  await forLive(copying, targets, async (target) => {
    const [found, early] = await Promise.all([
      headManifest(session, target.repo, { reference: job.tag ?? job.digest }),
      isRead ? ask(target).catch((error: unknown) => ({ error })) : null,
    ]);
    target.done = found?.digest === job.digest;
    if (target.done) return;
    if (found) throw taken(target.repo, job, found.digest);
    if (early && "error" in early) throw early.error;
    lacking.set(target, early ?? (await ask(target)));
  });
  if (lacking.size > 0) await moveBlobs(copying, lacking);
  await forLive(copying, [...lacking.keys()], (target) =>
    pushManifests(copying, job, { target, lacking: lacking.get(target)?.tree ?? [] }),
  );
  return targets.map(({ repo, error, done }) => {
    if (error !== null) return { repo, outcome: "error", error };
    return { repo, outcome: done ? "already" : "copied" };
  });
}

/** A tag that is copied names one image for ever: another one behind it was put there by somebody else. */
const taken = (repo: Repository, { tag, digest }: CopyJob, found: string): RegistryError =>
  new RegistryError(`${repo.reference}:${tag} is ${found}, not ${digest}`, {
    registry: repo.registry,
    reason: "refused",
    why: `Registry ${repo.registry} has another image under this tag, and the tag of a version never moves.`,
    fix: "See which one was tested: i release_history; then remove the other tag in its registry by hand",
  });

async function forLive(copying: Copying, targets: readonly Target[], work: (target: Target) => Promise<void>) {
  const live = targets.filter((target) => target.error === null);
  await Promise.all(live.map((target) => guard(copying, target, () => work(target))));
}

/** Reads the manifest and, of an index, every child; in pushing order. */
async function readTree({ session, from }: Copying, root: string): Promise<Tree> {
  const nodes = new Map<string, Node<Manifest>>();
  const seen = new Set<string>();
  const visit = async (digest: string): Promise<void> => {
    if (seen.has(digest)) return;
    seen.add(digest);
    const manifest = await readManifest(session, from, digest);
    if (manifest === null) throw missing(from, digest);
    const parts = partsOf(from, manifest);
    nodes.set(digest, { digest, manifest, parts });
    if (parts.type === "index") await Promise.all(parts.children.map((child) => visit(child.digest)));
  };
  await visit(root);
  return pushOrder(root, nodes);
}

/** A registry that holds a manifest holds its blobs: it checked them when the manifest was put. */
async function lackingIn({ session, progress }: Copying, repo: Repository, nodes: Tree): Promise<Lacking> {
  const blobs = new Set<string>();
  const [found] = await Promise.all([
    Promise.all(nodes.map(({ digest }) => headManifest(session, repo, { reference: digest }))),
    side(asked, blobsOf(nodes), async ({ digest }) => {
      if (await hasBlob(session, repo, digest)) progress({ event: "there", digest, registry: repo.registry });
      else blobs.add(digest);
    }),
  ]);
  return { tree: nodes.filter((_, index) => found[index] === null), blobs };
}

async function moveBlobs(copying: Copying, lacking: ReadonlyMap<Target, Lacking>): Promise<void> {
  const wanted = [...lacking].map(([target, { tree, blobs }]) => {
    const named = blobsOf(tree).map(({ digest }) => digest);
    return { target, digests: new Set(named.filter((digest) => blobs.has(digest))) };
  });
  const blobs = blobsOf([...lacking.values()].flatMap(({ tree }) => tree));
  copying.progress({ event: "plan", blobs: blobs.length, bytes: blobs.reduce((sum, blob) => sum + blob.size, 0) });
  const move = (blob: Descriptor) =>
    moveBlob(
      copying,
      blob,
      wanted.flatMap(({ target, digests }) => (digests.has(blob.digest) ? [target] : [])),
    );
  for (const { atOnce, takes } of lanes) await side(atOnce, blobs.filter(takes), move);
}

/** How many blobs are looked for at once. */
const asked = 32;

/** Does something with each, so many at once. */
async function side<T>(atOnce: number, all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = all.values();
  const lane = async () => {
    for (const one of queue) await work(one);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

type Pushing = { readonly target: Target; readonly lacking: Tree };

async function pushManifests(
  { session, progress, from }: Copying,
  job: CopyJob,
  { target, lacking }: Pushing,
): Promise<void> {
  const { repo } = target;
  for (const { digest, manifest } of lacking) {
    if (digest !== job.digest) await writeManifest(session, repo, { reference: digest, manifest });
  }
  const root = await readManifest(session, from, job.digest);
  if (root === null) throw missing(from, job.digest);
  const reference = job.tag ?? job.digest;
  await writeManifest(session, repo, { reference, manifest: root });
  const found = await headManifest(session, repo, { reference, pushed: true });
  if (found?.digest !== job.digest) {
    throw broken(repo, reference, `${job.digest} was pushed, and ${found?.digest ?? "nothing"} is there.`);
  }
  progress({ event: "pushed", reference, registry: repo.registry });
}
