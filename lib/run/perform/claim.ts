import { now } from "../../doors/clock.ts";
import { asWhole } from "../../doors/interrupt.ts";
import { startTime } from "../../doors/processes.ts";
import { refused } from "../../doors/refs.ts";
import { lifeOf, nameOf, takeOver } from "../../model/claim.ts";
import { UserError } from "../../model/errors.ts";
import type { Owner } from "../../model/facts.ts";
import type { ClaimRef } from "../../model/plan.ts";
import type { Broken } from "../../model/ref_message.ts";
import { holdRef, isLeft } from "../held_ref.ts";
import { pushLast } from "../waiting.ts";
import { digestText, type Outcome, type World } from "../world.ts";

/** Takes the claim of a version: compare-and-swap, won only by the first. In one that is held it notes the digest, which the next push takes along. */
export async function claim(action: ClaimRef, world: World): Promise<Outcome> {
  if (action.op === "release_claim") return releaseClaim(world);
  if (action.digest) world.state.noted = digestText(world, action.digest);
  if (world.state.claim) return "done";
  const refs = await world.refs();
  let why = "";
  let renewing = "";
  for (let turn = 0; turn < 5; turn += 1) {
    const isKnownFree = turn === 0 && (await refs.known())[action.ref] === undefined;
    const seen = isKnownFree ? null : ((await refs.list())[action.ref] ?? null);
    const held = seen ? await heldBy(action.ref, seen, world) : null;
    if (held && seen) {
      if (held.nonce === renewing && !world.breakLock) throw taken(`${nameOf(held)} renews it`);
      renewing = held.nonce;
      if (!(await isFree({ ref: action.ref, object: seen, owner: held }, world))) continue;
    } else if (held === null && seen) continue;
    world.state.noted ??= held?.digest ?? null;
    const object = await refs.write(ownClaim(world), seen);
    const swapped = await asWhole(async () => {
      const outcome = await refs.swap([{ ref: action.ref, from: seen, to: object }]);
      if (outcome.won) await hold(world, { ref: action.ref, object });
      return outcome;
    });
    if (swapped.won) return "done";
    why = swapped.why;
    // Somebody was quicker, who may be dead or done by now: the next look tells, or names them.
  }
  throw refused(action.ref, why, world.facts.git.remote);
}

/** Who holds a claim, null where nobody does by now; undefined for one that cannot be read, which only --break-lock drops. */
async function heldBy(ref: string, object: string, world: World): Promise<Owner | null | undefined> {
  const held = await (await world.refs()).readOwner(ref, object);
  if (held === null || !("broken" in held)) return held;
  if (!world.breakLock) throw unreadable(ref, held);
  world.console.progress(`dropping ${ref}, which ${held.broken}: who held it is lost with it`);
  return undefined;
}

/** This run as the owner of the claim, with the digest that is noted by now. */
const ownClaim = ({ owner, state: { noted } }: World): Owner => ({
  ...owner,
  at: Math.floor(now() / 1000),
  ...(noted ? { digest: noted } : {}),
});

type Held = { readonly ref: string; readonly object: string; readonly owner: Owner };

/** Whether a claim may be taken over now; false where it changed while that was found out. */
async function isFree(held: Held, world: World): Promise<boolean> {
  const { owner } = held;
  const { when, why } = takeOver(owner, world.owner, lifeOf(owner, world.owner, startTime(owner.pid)));
  const isTaken = when === "now" || world.breakLock;
  if (!isTaken && when === "never") throw taken(why);
  if (!isTaken && !(await isLeft(held, world))) return false;
  world.console.progress(
    `taking over the claim of ${owner.user}: ${world.breakLock && when !== "now" ? "--break-lock" : why}`,
  );
  return true;
}

/** The error of a claim or a move of a tag that no Slipway can read. */
export const unreadable = (ref: string, { broken }: Broken): UserError =>
  new UserError(`${ref} ${broken}`, {
    why: "Who holds it, and whether they are at work, cannot be known, so only a person can drop it.",
    fix: "When you are sure that nobody is at work on this image, type the same command with --break-lock; before, i release_status shows what there is",
    kind: "claimed",
  });

const taken = (why: string): UserError =>
  new UserError("this version is being released by someone else", {
    why: `${why}.`,
    fix: "Wait for it, or when you are sure that it is dead, type the same command with --break-lock",
    kind: "claimed",
  });

async function hold(world: World, seen: { ref: string; object: string }): Promise<void> {
  const refs = await world.refs();
  world.state.claim = holdRef(refs, seen, (over) => refs.write(ownClaim(world), over));
}

/** Gives the held claim back, with what waits; on every orderly way out. */
export async function releaseClaim(world: World): Promise<Outcome> {
  const held = world.state.claim;
  if (!held) return "already";
  const { won, why } = await pushLast(world, held);
  if (!won) world.console.progress(`the claim could not be given back: ${why}`);
  return "done";
}
