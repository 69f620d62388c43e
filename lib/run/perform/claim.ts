import { every, now } from "../../doors/clock.ts";
import { refused } from "../../doors/refs.ts";
import { startTime } from "../../doors/settings.ts";
import { takeOver } from "../../model/claim.ts";
import { UserError } from "../../model/errors.ts";
import type { Owner } from "../../model/facts.ts";
import type { ClaimRef } from "../../model/plan.ts";
import { asWhole } from "../interrupt.ts";
import { digestText, type Outcome, type World } from "../world.ts";

const renewal = 180_000;

/** Takes the claim of a version, or notes the digest in the one that is held: compare-and-swap, won only by the first. */
export async function claim(action: ClaimRef, world: World): Promise<Outcome> {
  if (action.op === "release_claim") return releaseClaim(world);
  const refs = await world.refs();
  let why = "";
  for (let turn = 0; turn < 5; turn += 1) {
    await world.state.claim?.renewal;
    const own = world.state.claim?.object;
    const seen = (turn === 0 && own) || ((await refs.list())[action.ref] ?? null);
    const held = seen && seen !== own ? await refs.readOwner(action.ref, seen) : null;
    if (held) assertMine(held, world);
    else if (seen && seen !== own) continue;
    const mine = claimOf(action, held, world);
    const object = await refs.writeBlob(JSON.stringify(mine));
    const swapped = await asWhole(async () => {
      const outcome = await refs.swap(action.ref, seen, object);
      if (outcome.won) hold(world, { ref: action.ref, object, mine });
      return outcome;
    });
    if (swapped.won) return "done";
    why = swapped.why;
    // Somebody was quicker, who may be dead or done by now: the next look tells, or names them.
  }
  throw refused(action.ref, why, world.facts.git.remote);
}

function claimOf(action: ClaimRef, held: Owner | null, world: World): Owner {
  const digest = action.digest ? digestText(world, action.digest) : held?.digest;
  return { ...world.owner, at: Math.floor(now() / 1000), ...(digest ? { digest } : {}) };
}

function assertMine(held: Owner, world: World): void {
  const { allowed, why } = takeOver(held, world.owner, startTime(held.pid) === held.started && held.started !== "");
  if (!allowed && !world.breakLock) throw taken(why);
  world.console.progress(`taking over the claim of ${held.user}: ${allowed ? why : "--break-lock"}`);
}

const taken = (why: string): UserError =>
  new UserError("this version is being released by someone else", {
    why: `${why}.`,
    fix: "Wait for it, or when you are sure that it is dead, type the same command with --break-lock",
    kind: "claimed",
  });

type Mine = { readonly ref: string; readonly object: string; readonly mine: Owner };

/** Renews the claim while the run goes on, so that others can tell it from a dead one. */
function hold(world: World, { ref, object, mine }: Mine): void {
  if (world.state.claim) world.state.claim.stop();
  const start = () => {
    held.renewal = renew().catch(() => undefined);
  };
  const held = { ref, object, stop: every(renewal, start), renewal: Promise.resolve() };
  world.state.claim = held;
  async function renew() {
    const refs = await world.refs();
    const next = await refs.writeBlob(JSON.stringify({ ...mine, at: Math.floor(now() / 1000) }));
    if ((await refs.swap(ref, held.object, next)).won) held.object = next;
  }
}

/** Gives the held claim back; on every orderly way out. */
export async function releaseClaim(world: World): Promise<Outcome> {
  const held = world.state.claim;
  if (!held) return "already";
  held.stop();
  await held.renewal;
  world.state.claim = null;
  await (await world.refs()).swap(held.ref, held.object, null);
  return "done";
}
