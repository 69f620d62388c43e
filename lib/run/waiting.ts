import { type Move, refused, type Swapped, type Wanted } from "../doors/refs.ts";
import { UserError } from "../errors.ts";
import type { HeldRef } from "./held_ref.ts";
import type { World } from "./world.ts";

type All = Readonly<Record<string, string>>;

/** What a run did and has not pushed yet: it goes with the next push, all or none of it (design.md, "Refs in few pushes"). */
export type Waiting = {
  entries: Wanted[];
  /** The release's Git tag; `lost` gets all refs when somebody pushed it first, and throws where that is another one. */
  tag: (Move & { readonly lost: (all: All) => void }) | null;
  /** The intent of a move of a tag that is done. */
  intent: Move | null;
  /** Seconds of tests whose passes are among the entries: what would have to run again. */
  seconds: number;
  /** It has to be there before anything else is changed. */
  isUrgent: boolean;
  /** The push that runs: steps that run at once push one after the other. */
  push: Promise<unknown>;
};

/** Nothing waits. */
export const nothingWaits = (): Waiting => ({
  entries: [],
  tag: null,
  intent: null,
  seconds: 0,
  isUrgent: false,
  push: Promise.resolve(),
});

/** Seconds of tests that a run may lose when it is killed. */
export const mostLost = 10;

/**
 * Pushes what waits, together with these moves, and the claim renewed with it: for a release that somebody else has taken
 * over nothing is pushed. `won` is false where somebody was first with one of these moves: then all of it still waits.
 */
export async function pushWith(world: World, moves: readonly Move[]): Promise<Swapped> {
  const { claim } = world.state;
  return claim ? claim.still(() => pushAll(world, moves, claim)) : pushAll(world, moves, null);
}

/** Pushes what waits, if anything does. */
export async function pushWaiting(world: World): Promise<void> {
  const { entries, tag, intent } = world.state.waiting;
  if (entries.length === 0 && !tag && !intent) return;
  const { won, why, ref } = await pushWith(world, []);
  if (!won) throw refused(ref ?? (await world.refs()).logRef, why, world.facts.git.remote);
}

/** Gives the claim back, with what waits; on every orderly way out. */
export async function giveClaimBack(world: World): Promise<void> {
  const held = world.state.claim;
  if (!held) return;
  const { won, why } = await pushLast(world, held);
  if (!won) world.console.progress(`the claim could not be released: ${why}`);
}

async function pushLast(world: World, claim: HeldRef): Promise<Swapped> {
  await claim.stop();
  world.state.claim = null;
  const back = { ref: claim.ref, from: claim.object, to: null };
  const swapped = await pushAll(world, [back], null);
  if (swapped.won) return swapped;
  if (world.state.waiting.tag) throw takenOver(world, claim);
  // Somebody took it over; what this run did stays true.
  await pushWaiting(world);
  return swapped;
}

function pushAll(world: World, own: readonly Move[], claim: HeldRef | null): Promise<Swapped> {
  const { waiting } = world.state;
  const mine = waiting.push.then(() => pushNow(world, own, claim));
  waiting.push = mine.catch(() => undefined);
  return mine;
}

async function pushNow(world: World, own: readonly Move[], claim: HeldRef | null): Promise<Swapped> {
  const { waiting } = world.state;
  const refs = await world.refs();
  for (;;) {
    const entries = [...waiting.entries];
    const { tag, intent } = waiting;
    const renewal = claim && { ref: claim.ref, from: claim.object, to: await claim.next() };
    // In an order that is safe for a server that takes one after the other: nothing is given back before what it kept is there.
    const moves = [...(tag ? [tag] : []), ...(intent ? [intent] : []), ...(renewal ? [renewal] : []), ...own];
    // Who holds a claim gives it back.
    const swapped = await refs.swap(moves, entries, { goesOn: claim !== null });
    if (swapped.won) {
      if (claim && renewal) claim.object = renewal.to;
      const { push } = waiting;
      const later = waiting.entries.filter((one) => !entries.includes(one));
      Object.assign(waiting, nothingWaits(), { push, entries: later, isUrgent: later.length > 0 });
      return swapped;
    }
    const all = await refs.known();
    const isLost = ({ ref, from }: Move) => (all[ref] ?? null) !== from;
    // A server that moves one ref after the other may have come as far as the claim.
    if (claim && renewal && all[claim.ref] === renewal.to) claim.object = renewal.to;
    else if (renewal && isLost(renewal)) throw takenOver(world, claim);
    if (tag && isLost(tag)) {
      tag.lost(all);
      waiting.tag = null;
    } else if (intent && isLost(intent)) waiting.intent = null;
    else return swapped;
  }
}

/** Refuses to go on with a release that somebody else has taken over. */
export function assertHeld(world: World): void {
  if (world.state.claim?.isLost) throw takenOver(world, world.state.claim);
}

function takenOver(world: World, claim: HeldRef | null): UserError {
  if (claim) claim.isLost = true;
  world.state.waiting.tag = null;
  return new UserError("the claim of this release was taken over by somebody else", {
    why: `${claim?.ref} was not renewed for minutes, or given away with --break-lock, and two at once could release two images.`,
    fix: "See who holds it: i release_status; then run the same command again",
    kind: "claimed",
  });
}
