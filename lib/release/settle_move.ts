import { now, pause } from "../doors/clock.ts";
import { asWhole, interrupted } from "../doors/interrupt.ts";
import { startTime } from "../doors/processes.ts";
import { UserError } from "../errors.ts";
import { append, record } from "../kinds/record.ts";
import { digestBehind, digestPushed } from "../kinds/verify_digest.ts";
import { flipRef, lifeOf, nameOf, staleAfter } from "../names/claim.ts";
import { type Answer, type Flip, settle } from "../names/flip.ts";
import { repositoryAt } from "../names/names.ts";
import type { Broken } from "../names/ref_message.ts";
import type { Manifest } from "../oci/registry.ts";
import { kind } from "../plan/kind.ts";
import type { Place } from "../plan/plan.ts";
import { holdRef } from "../run/held_ref.ts";
import { pushWaiting } from "../run/waiting.ts";
import type { World } from "../run/world.ts";
import { unreadable } from "./claim.ts";

/** Finishes or undoes, before anything changes, a move of a tag that somebody left half-way. */
export type SettleMove = { readonly kind: "settle_move" };

export const settleMove = kind<SettleMove>("settle_move", {
  always: true,
  lines: () => ["# finish or undo an unfinished move of the tag"],
  run: async (_action, world) => {
    await settleEarlier(world);
    return "done";
  },
});

export const ownFlipRef = (world: World): string =>
  flipRef(world.facts.config.release.refPrefix, world.facts.config.imageName);

/** Whether an error means that a registry did not answer at all. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && "reason" in error && error.reason === "unreachable";

/** The manifest that a registry has of a digest, byte for byte: what its tags can be moved to. */
export async function manifestOf(place: Place, digest: string, world: World): Promise<Manifest> {
  const manifest = await (await world.registries()).manifest(repositoryAt(world.facts, place), digest);
  if (manifest) return manifest;
  throw new UserError(`${place.repository} does not have ${digest}`, {
    why: "A tag can only be moved to an image that is there.",
    fix: `Copy it there: i release_mirror --target-registries ${place.registry}`,
  });
}

/** Puts the manifest that a registry has under a tag. */
async function point(place: Place, { tag, digest }: { tag: string; digest: string }, world: World): Promise<void> {
  const manifest = await manifestOf(place, digest, world);
  await (await world.registries()).putManifest(repositoryAt(world.facts, place), tag, { manifest });
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

/** Seconds to wait for flips whose owners live. */
const patience = 60;

/** Finishes or undoes a flip that somebody left, and keeps in the world what it came to; waits for one whose owner lives. */
export async function settleEarlier(world: World): Promise<void> {
  const refs = await world.refs();
  const ref = ownFlipRef(world);
  let before = { object: "", id: "" };
  if (!(await refs.known())[ref]) return;
  for (let [waited, unchanged] = [0, 0]; ; ) {
    const object = (await refs.list())[ref];
    if (!object) return;
    const held = await refs.readFlip(ref, object);
    if (held === null) continue;
    const flip = "broken" in held ? unknownMove(ref, held, world) : withinConfig(held, world);
    if (flip === null) {
      if ((await refs.swap([{ ref, from: object, to: null }])).won) return;
      continue;
    }
    const { owner } = flip;
    const isRenewed = before.id === flip.id && before.object !== object;
    const life = isRenewed ? "lives" : lifeOf(owner, world.owner, startTime(owner.pid));
    if (before.object !== object) unchanged = 0;
    before = { object, id: flip.id };
    if (life === "gone" || unchanged >= staleAfter || world.breakLock) {
      // Taken over first: of two that settle it the slower one would undo what the quicker one does next.
      const own = await refs.write({ ...flip, owner: renewed(world) }, object);
      const settle = async () => {
        const { won } = await refs.swap([{ ref, from: object, to: own }]);
        return won ? settleNow(flip, own, world) : null;
      };
      const settled = await asWhole(settle);
      if (settled) return keepSettled(settled, world);
    }
    if (waited >= patience + (life === "unknown" ? staleAfter : 0)) throw busy(ref, owner);
    if (waited === 0) world.console.progress(`waiting for ${nameOf(owner)}, who moves ${flip.tag} to ${flip.version}`);
    // A move takes seconds; one that takes longer is asked for less often.
    const turn = waited < 10 ? 1 : 5;
    await pause(turn * 1000, world.signal);
    if (world.signal.aborted) throw interrupted();
    waited += turn;
    unchanged += turn;
  }
}

/** This run as an owner that has just said that it lives. */
export const renewed = (world: World): Flip["owner"] => ({ ...world.owner, at: Math.floor(now() / 1000) });

/** Takes an intent back, with what waits; `later`: by the next push of this run. */
export type GiveUp = (when: "now" | "later") => Promise<void>;

/** Does something under the flip ref, which holds this run's intent and is renewed meanwhile. */
export async function underFlip<T>(
  { flip, object }: { readonly flip: Flip; readonly object: string },
  world: World,
  work: (giveUp: GiveUp) => Promise<T>,
): Promise<T> {
  const refs = await world.refs();
  const write = (over: string) => refs.write({ ...flip, owner: renewed(world) }, over);
  const held = holdRef(refs, { ref: ownFlipRef(world), object }, write);
  try {
    return await work(async (when) => {
      await held.stop();
      const { waiting } = world.state;
      waiting.intent = { ref: held.ref, from: held.object, to: null };
      waiting.isUrgent = true;
      if (when === "now") await pushWaiting(world);
    });
  } finally {
    await held.stop();
  }
}

/** A move that no Slipway can read is nobody's to finish: --break-lock drops it. */
function unknownMove(ref: string, held: Broken, { breakLock, console }: World): null {
  if (!breakLock) throw unreadable(ref, held);
  console.progress(`dropping ${ref}, which ${held.broken}: registries may differ; i release_status shows it`);
  return null;
}

/** The move without the registries that have left the config, which only --break-lock leaves as they are; null where none is left. */
function withinConfig(flip: Flip, { breakLock, console, facts }: World): Flip | null {
  const isKnown = ({ registry }: Place) => facts.config.registries.some(({ name }) => name === registry);
  const gone = flip.places.filter((place) => !isKnown(place));
  if (gone.length === 0) return flip;
  if (!breakLock) throw leftConfig(flip, gone);
  const where = gone.map(({ repository, seen }) => `${repository}:${flip.tag} (it was ${seen ?? "absent"})`);
  console.progress(`leaving ${where.join(", ")} as it is: it is no longer in the config`);
  const places = flip.places.filter(isKnown);
  return places.length > 0 ? { ...flip, places } : null;
}

function leftConfig({ tag, version, owner }: Flip, gone: readonly Place[]): UserError {
  const names = gone.map(({ registry }) => registry).join(", ");
  return new UserError(
    `a move of ${tag} to ${version} was left half-way in ${names}, which repo_config.yaml does not have`,
    {
      why: `${owner.user} on ${owner.host} began it; it is finished or undone in all of its registries before ${tag} moves again.`,
      fix: `Put ${names} back into container_registry_info and run the same command again; or, to leave ${tag} there as it is, run it with --break-lock`,
      kind: "claimed",
    },
  );
}

/** One that was undone left what an earlier one, if there was any, was finished to. */
function keepSettled(flip: Flip, { state: { settled } }: World): void {
  if (flip.places.length > 0 || !settled.has(flip.tag)) settled.set(flip.tag, flip);
}

const settleNow = (flip: Flip, object: string, world: World): Promise<Flip> =>
  underFlip({ flip, object }, world, (giveUp) => settleUnder(flip, giveUp, world));

async function settleUnder(flip: Flip, giveUp: GiveUp, world: World): Promise<Flip> {
  const settlement = settle(flip, await answers(flip, world));
  world.console.progress(
    `${settlement.how}ing the move of ${flip.tag} to ${flip.version} that ${flip.owner.user} on ${flip.owner.host} left behind`,
  );
  try {
    for (const { place, digest } of settlement.moves) await point(place, { tag: flip.tag, digest }, world);
  } catch (error) {
    if (settlement.how === "finish" && (await putBack(flip, world))) await giveUp("now");
    throw error;
  }
  if (settlement.how === "finish") await recordFlip(flip, settlement.silent, world);
  if (settlement.silent.length > 0) throw unanswered(flip, settlement.silent);
  await giveUp("now");
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

/** Has the log say who moved what; `id` makes one flip one entry, whoever finishes it. */
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
  await append(record({ image, entry }), world);
}

const busy = (ref: string, owner: Flip["owner"]): UserError =>
  new UserError("another command is moving a tag of this image", {
    why: `${nameOf(owner)} holds ${ref}, and two at once could leave registries apart.`,
    fix: "Wait a minute, then run the same command again; if you are sure it is dead, run it with --break-lock",
    kind: "claimed",
  });

/** The error of a flip that some registries did not answer; the intent stays, and the next command that moves the tag goes on. */
export function unanswered(flip: Flip, silent: readonly Place[]): UserError {
  const names = silent.map(({ registry }) => registry);
  const last = flip.places.filter(({ registry }) => names.includes(registry)).map(({ seen }) => seen ?? "absent");
  return new UserError(`${names.join(", ")} did not answer while ${flip.tag} moved to ${flip.version}`, {
    why: `There ${flip.tag} was last ${last.join(", ")}; the registries that answer have ${flip.to}.`,
    fix: "When it answers again, run the same command; any command that moves the tag finishes this first",
    exitCode: 1,
    kind: "unreachable",
  });
}
