import { now } from "../doors/clock.ts";
import { asWhole } from "../doors/interrupt.ts";
import { startTime } from "../doors/processes.ts";
import { refused } from "../doors/refs.ts";
import { UserError } from "../errors.ts";
import { lifeOf, nameOf, takeOver } from "../names/claim.ts";
import type { Broken } from "../names/ref_message.ts";
import type { Owner } from "../plan/facts.ts";
import { kind } from "../plan/kind.ts";
import { holdRef, isLeft } from "../run/held_ref.ts";
import { giveClaimBack } from "../run/waiting.ts";
import type { Outcome, World } from "../run/world.ts";

/** Takes the claim of a version, a ref that only one run holds: compare-and-swap on the remote (design.md, step 1). */
export type Claim = { readonly kind: "claim"; readonly ref: string };

/** Won only by the first. */
export const takeClaim = kind<Claim>("claim", {
  always: true,
  refs: true,
  waits: true,
  beside: true,
  holds: true,
  lines: ({ ref }, { remote }) => [
    `git push --porcelain --no-verify --force-with-lease=${ref}: ${remote} <claim>:${ref}`,
  ],
  run: take,
});

/** Gives the claim back. */
export type ReleaseClaim = { readonly kind: "release_claim"; readonly ref: string };

export const returnClaim = kind<ReleaseClaim>("release_claim", {
  always: true,
  refs: true,
  waits: true,
  lines: ({ ref }, { remote }) => [`git push --no-verify ${remote} :${ref}`],
  run: async (_action, world) => {
    if (!world.state.claim) return "already";
    await giveClaimBack(world);
    return "done";
  },
});

async function take(action: Claim, world: World): Promise<Outcome> {
  if (world.state.claim) return "already";
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

/** This run as the owner of the claim. */
const ownClaim = ({ owner }: World): Owner => ({ ...owner, at: Math.floor(now() / 1000) });

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
    why: "Slipway cannot tell who holds it or whether they are still working, so only a person can drop it.",
    fix: "If you are sure nobody is working on this image, run the same command with --break-lock; i release_status shows the current state",
    kind: "claimed",
  });

const taken = (why: string): UserError =>
  new UserError("someone else is releasing this version", {
    why: `${why}.`,
    fix: "Wait for it, or if you are sure it is dead, run the same command with --break-lock",
    kind: "claimed",
  });

async function hold(world: World, seen: { ref: string; object: string }): Promise<void> {
  const refs = await world.refs();
  world.state.claim = holdRef(refs, seen, (over) => refs.write(ownClaim(world), over));
}
