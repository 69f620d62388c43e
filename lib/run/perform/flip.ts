import { now, pause } from "../../doors/clock.ts";
import { startTime } from "../../doors/settings.ts";
import { flipRef } from "../../model/claim.ts";
import { UserError } from "../../model/errors.ts";
import { type Answer, type Flip, isLeftBehind, settle } from "../../model/flip.ts";
import type { Place } from "../../model/plan.ts";
import { asWhole } from "../interrupt.ts";
import { repositoryAt, type World } from "../world.ts";
import { interrupted } from "./command.ts";
import { record } from "./record.ts";

export const ownFlipRef = (world: World): string =>
  flipRef(world.facts.config.release.refPrefix, world.facts.config.imageName);

/** Whether an error means that a registry did not answer at all. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && "reason" in error && error.reason === "unreachable";

/** Puts the manifest that a registry has under a tag, byte for byte. */
export async function point(place: Place, to: { tag: string; digest: string }, world: World): Promise<void> {
  const client = await world.registries();
  const repo = repositoryAt(world, place);
  const manifest = await client.manifest(repo, to.digest);
  if (!manifest)
    throw new UserError(`${place.repository} does not have ${to.digest}`, {
      why: "A tag can only be moved to an image that is there.",
      fix: `Copy it there: i release_mirror --target-registries ${place.registry}`,
    });
  await client.putManifest(repo, to.tag, { manifest });
}

/** The digest behind a tag now, null where there is none. */
export async function digestBehind(place: Place, tag: string, world: World): Promise<string | null> {
  const client = await world.registries();
  return (await client.head(repositoryAt(world, place), tag))?.digest ?? null;
}

/** The same right after an own push, when a registry may not know yet what it took. */
export async function digestPushed(place: Place, tag: string, world: World): Promise<string | null> {
  const client = await world.registries();
  return (await client.head(repositoryAt(world, place), tag, { pushed: true }))?.digest ?? null;
}

/** What every place of a flip answers now; one that does not answer is silent. */
export const answers = (flip: Flip, world: World): Promise<Answer[]> =>
  Promise.all(
    flip.places.map(async (place): Promise<Answer> => {
      try {
        const [digest, target] = await Promise.all([
          digestBehind(place, flip.tag, world),
          digestBehind(place, flip.to, world),
        ]);
        return { place, digest, silent: false, hasTarget: target !== null };
      } catch (error) {
        if (!isSilence(error)) throw error;
        return { place, digest: null, silent: true, hasTarget: false };
      }
    }),
  );

/** Milliseconds to wait for a flip whose owner lives. */
const patience = 60_000;

/** Finishes or undoes a flip that somebody left, and keeps in the world what it came to; waits for one whose owner lives. */
export async function settleEarlier(world: World): Promise<void> {
  const refs = await world.refs();
  const ref = ownFlipRef(world);
  let last: Flip["owner"] = world.owner;
  for (const end = now() + patience; now() < end; ) {
    const object = (await refs.list())[ref];
    if (!object) return;
    const text = await refs.readBlob(ref, object);
    if (text === null) continue;
    const flip = JSON.parse(text) as Flip;
    last = flip.owner;
    const me = { ...world.owner, at: Math.floor(now() / 1000) };
    if (isLeftBehind(flip, me, startTime(flip.owner.pid) === flip.owner.started)) {
      // Taken over first: of two that settle it the slower one would undo what the quicker one does next.
      const own = await refs.writeBlob(JSON.stringify({ ...flip, owner: me }));
      const settle = async () => ((await refs.swap(ref, object, own)).won ? await settleNow(flip, own, world) : null);
      const settled = await asWhole(settle);
      if (settled) return keepSettled(settled, world);
    }
    await pause(1000, world.signal);
    if (world.signal.aborted) throw interrupted();
  }
  throw busy(ref, last);
}

/** One that was undone left what an earlier one, if there was any, was finished to. */
function keepSettled(flip: Flip, { state: { settled } }: World): void {
  if (flip.places.length > 0 || !settled.has(flip.tag)) settled.set(flip.tag, flip);
}

async function settleNow(flip: Flip, object: string, world: World): Promise<Flip> {
  const settlement = settle(flip, await answers(flip, world));
  const giveUp = async () => (await world.refs()).swap(ownFlipRef(world), object, null);
  world.console.progress(
    `${settlement.how}ing the move of ${flip.tag} to ${flip.version} that ${flip.owner.user} on ${flip.owner.host} left behind`,
  );
  try {
    for (const { place, digest } of settlement.moves) await point(place, { tag: flip.tag, digest }, world);
  } catch (error) {
    if (settlement.how === "finish" && (await putBack(flip, world))) await giveUp();
    throw error;
  }
  if (settlement.how === "finish") await recordFlip(flip, settlement.silent, world);
  if (settlement.silent.length > 0) throw unanswered(flip, settlement.silent);
  await giveUp();
  return settlement.how === "finish" ? flip : { ...flip, places: [] };
}

/** Puts every place back to what was seen; true when all of them are, false when the intent has to stay for the next command. */
export async function putBack(flip: Flip, world: World): Promise<boolean> {
  const back = await Promise.all(
    flip.places.map(async (place) => {
      try {
        const current = await (place.seen === null ? digestBehind : digestPushed)(place, flip.tag, world);
        if (current !== flip.to || current === place.seen) return true;
        if (place.seen === null) return false;
        await point(place, { tag: flip.tag, digest: place.seen }, world);
        return true;
      } catch {
        return false;
      }
    }),
  );
  return back.every(Boolean);
}

/** Writes into the log who moved what; `id` makes one flip one entry, whoever finishes it. */
export async function recordFlip(flip: Flip, silent: readonly Place[], world: World): Promise<void> {
  const { tag, version, to, why, reason, image } = flip;
  const from = Object.fromEntries(flip.places.map(({ registry, seen }) => [registry, seen]));
  const registries = flip.places
    .map(({ registry }) => registry)
    .filter((name) => !silent.some((place) => place.registry === name));
  const entry = {
    type: "flip",
    id: flip.id,
    tag,
    version,
    to,
    from,
    why,
    ...(reason ? { reason } : {}),
    registries,
  } as const;
  await record({ kind: "record", image, entry }, world);
}

const busy = (ref: string, { user, host, pid }: Flip["owner"]): UserError =>
  new UserError("another command is moving a tag of this image", {
    why: `${user} on ${host} (process ${pid}) holds ${ref}, and two at once could leave registries apart.`,
    fix: "Wait a minute, then type the same command again",
    kind: "claimed",
  });

/** The error of a flip that some registries did not answer; the intent stays, and the next command that moves the tag goes on. */
export function unanswered(flip: Flip, silent: readonly Place[]): UserError {
  const names = silent.map(({ registry }) => registry);
  const last = flip.places.filter(({ registry }) => names.includes(registry)).map(({ seen }) => seen ?? "absent");
  return new UserError(`${names.join(", ")} did not answer while ${flip.tag} moved to ${flip.version}`, {
    why: `There ${flip.tag} was last ${last.join(", ")}; the registries that answer have ${flip.to}.`,
    fix: "When it answers again, type the same command; any command that moves the tag finishes this first",
    exitCode: 1,
    kind: "unreachable",
  });
}
