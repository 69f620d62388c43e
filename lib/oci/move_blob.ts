import { UserError } from "../errors.ts";
import type { Repository } from "../names/address.ts";
import { locationOf, mount, openBlob, openUpload } from "./blobs.ts";
import type { Streamed } from "./http.ts";
import { isReset, networkCode, pause, unreachable } from "./patience.ts";
import { ask, push } from "./perform.ts";
import { pump, ShortError } from "./pump.ts";
import type { Descriptor } from "./rules/copy_plan.ts";
import { mountSource } from "./rules/copy_plan.ts";
import { RegistryError } from "./rules/failure.ts";
import { canResume, delayBeforeRetry, heldBytes } from "./rules/retry.ts";
import type { Session } from "./session.ts";
import type { Sink, Upload } from "./sink.ts";
import { PassingError, sinkOf } from "./sink.ts";
import type { CopyEvent } from "./types.ts";

/** One copy in progress. */
export type Copying = {
  readonly session: Session;
  readonly from: Repository;
  readonly progress: (event: CopyEvent) => void;
  /** Told about every chunk that was read. */
  readonly collect: (bytes: number) => void;
};
/** One target of a copy; `error` ends it and leaves the others alone. */
export type Target = { readonly repo: Repository; error: RegistryError | null; done: boolean };

type Moving = { readonly target: Target; readonly upload: Upload };

/** Runs one target's part; its failure is kept in the target, an interruption and bugs are thrown. */
export async function guard<T>(copying: Copying, target: Target, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    target.error = registryError(copying.session, target.repo, error);
    return null;
  }
}

function registryError(session: Session, repo: Repository, error: unknown): RegistryError {
  session.signal?.throwIfAborted();
  if (error instanceof RegistryError) return error;
  if (error instanceof PassingError) return registryError(session, repo, error.refused);
  if (error instanceof UserError || !/^[A-Z0-9_]+$/.test(networkCode(error))) throw error;
  return unreachable(repo, error);
}

const live = (targets: readonly Target[]): readonly Target[] => targets.filter(({ error }) => error === null);

/**
 * Brings one blob to targets that lack it: mounted where the host is the source's, else by one read of the source for
 * all, which is opened beside the uploads. What breaks on the way is tried again for the targets concerned, going on where
 * a registry can.
 */
export async function moveBlob(copying: Copying, blob: Descriptor, targets: readonly Target[]): Promise<void> {
  const { session, from } = copying;
  const open = () => openBlob(session, from, blob);
  const isRead = live(targets).some(({ repo }) => mountSource(from, repo) === null);
  let stream = isRead ? open() : null;
  // Whoever reads it sees its failure; nobody does where no target takes it.
  stream?.catch(() => undefined);
  let moving = await each(live(targets), (target) => guard(copying, target, () => begin(copying, blob, target)));
  if (moving.length === 0)
    stream?.then(
      ({ body }) => body.destroy(),
      () => undefined,
    );
  for (let attempt = 1; moving.length > 0; attempt += 1) {
    const failed = await moveOnce(copying, blob, { moving, stream: stream ?? open() });
    stream = null;
    const delay = delayBeforeRetry({ status: "reset" }, { attempt, now: session.clock.now(), jitter: Math.random() });
    const again = moving.filter((one) => {
      const error = failed.get(one);
      if (error === undefined) return false;
      if (delay !== null && isWorthAnother(error)) return true;
      one.target.error = registryError(session, one.upload.repo, error);
      return false;
    });
    if (again.length > 0) await pause(session, delay ?? 0);
    moving = await each(again, (one) => guard(copying, one.target, () => goOn(copying, one, failed.get(one))));
  }
}

async function each<T, R>(all: readonly T[], work: (one: T) => Promise<R | null>): Promise<R[]> {
  return (await Promise.all(all.map(work))).filter((one) => one !== null);
}

const isLost = (error: unknown) =>
  !(error instanceof UserError) && (isReset(error) || networkCode(error) === "ETIMEDOUT");
const isWorthAnother = (error: unknown) => error instanceof PassingError || isLost(error);

async function begin(copying: Copying, blob: Descriptor, target: Target): Promise<Moving | null> {
  const { session, from, progress } = copying;
  const { repo } = target;
  const other = mountSource(from, repo);
  const mounted = other === null ? null : await mount(session, repo, { digest: blob.digest, from: other });
  if (mounted === "mounted") {
    progress({ event: "mounted", digest: blob.digest, registry: repo.registry });
    return null;
  }
  return { target, upload: { repo, blob, location: mounted ?? (await openUpload(session, repo)), held: 0 } };
}

type Once = { readonly moving: readonly Moving[]; readonly stream: Promise<Streamed> };

async function moveOnce(copying: Copying, blob: Descriptor, { moving, stream }: Once): Promise<Map<Moving, unknown>> {
  const { session, from, progress, collect } = copying;
  const sinks = new Map<Sink, Moving>(moving.map((one) => [sinkOf(session, one.upload), one]));
  try {
    const onBytes = (bytes: number) => {
      collect(bytes);
      progress({ event: "bytes", digest: blob.digest, bytes });
    };
    const failed = await pump(session, { repo: from, blob, stream: await stream, onBytes }, [...sinks.keys()]);
    for (const [sink, { target }] of sinks) {
      if (!failed.has(sink)) progress({ event: "uploaded", digest: blob.digest, registry: target.repo.registry });
    }
    return new Map([...sinks].filter(([sink]) => failed.has(sink)).map(([sink, one]) => [one, failed.get(sink)]));
  } catch (error) {
    // The source failed: that is every target's failure, and names the source.
    const refused = registryError(session, from, error);
    const failure = isLost(error) ? new PassingError(refused, error instanceof ShortError) : refused;
    return new Map(moving.map((one) => [one, failure]));
  }
}

/** After a break: asks how much the registry holds and goes on there, or opens a new upload. */
async function goOn(copying: Copying, moving: Moving, why: unknown): Promise<Moving> {
  const { session, progress } = copying;
  const { target, upload } = moving;
  const { repo, blob } = upload;
  const words = why instanceof Error ? why.message : String(why);
  progress({ event: "retry", digest: blob.digest, registry: repo.registry, why: words });
  const mayResume = canResume(repo.kind) && !(why instanceof PassingError && why.anew);
  const rest = mayResume ? await heldOf(session, upload) : null;
  if (rest !== null) return { target, upload: { ...upload, ...rest } };
  return { target, upload: { repo, blob, location: await openUpload(session, repo), held: 0 } };
}

async function heldOf(
  session: Session,
  { repo, location, blob }: Upload,
): Promise<Pick<Upload, "held" | "location"> | null> {
  const asked = { repo, method: "GET", headers: {}, url: location, scopes: push(repo), accept: [204, 202] };
  const answer = await ask(session, { ...asked, doing: `go on with ${blob.digest}`, once: true }).catch(() => null);
  session.signal?.throwIfAborted();
  const held = heldBytes(answer?.headers.get("range"));
  if (answer === null || held === 0 || held > blob.size) return null;
  return { held, location: locationOf(repo, location, answer.headers.get("location")) };
}
