import { every, pause } from "../doors/clock.ts";
import { interrupted } from "../doors/interrupt.ts";
import type { Refs } from "../doors/refs.ts";
import { nameOf, renewal, staleAfter } from "../names/claim.ts";
import type { Owner } from "../plan/facts.ts";
import type { World } from "./world.ts";

/** A ref that this run holds. */
export type HeldRef = {
  readonly ref: string;
  /** What it holds now: each renewal is another object. */
  object: string;
  /** Somebody took it over, or it was taken away. */
  isLost: boolean;
  /** Makes the object of its next renewal. */
  readonly next: () => Promise<string>;
  /** Does something while nobody renews it. */
  readonly still: <T>(work: () => Promise<T>) => Promise<T>;
  /** Renews it no more. */
  readonly stop: () => Promise<void>;
};

/** Renews a ref while the run goes on, so that whoever looks can tell it from one that was left; `write` makes the object that takes the place of one. */
export function holdRef(
  refs: Refs,
  seen: { ref: string; object: string },
  write: (over: string) => Promise<string>,
): HeldRef {
  let renewing = Promise.resolve();
  const renew = async () => {
    const to = await held.next();
    if ((await refs.swap([{ ref: held.ref, from: held.object, to }])).won) held.object = to;
    else held.isLost = (await refs.list())[held.ref] !== held.object;
  };
  const callOff = every(renewal * 1000, () => {
    // A remote that does not answer now may answer the next one; who looks gives three of them time.
    renewing = renewing.then(renew).catch(() => undefined);
  });
  const held: HeldRef = {
    ...seen,
    isLost: false,
    next: () => write(held.object),
    still: (work) => {
      const done = renewing.then(work);
      renewing = done.then(
        () => undefined,
        () => undefined,
      );
      return done;
    },
    stop: () => {
      callOff();
      return renewing;
    },
  };
  return held;
}

/** Seconds between two looks. */
const lookEvery = 10;

type Watched = { readonly ref: string; readonly object: string; readonly owner: Owner };

/** Watches what somebody holds: true when it did not change for as long as no owner that lives would leave it, false when it did. */
export async function isLeft({ ref, object, owner }: Watched, world: World): Promise<boolean> {
  const refs = await world.refs();
  const who = `waiting for ${nameOf(owner)}, who holds ${ref}`;
  for (let waited = 0; waited < staleAfter; waited += lookEvery) {
    if (waited % 60 === 0)
      world.console.progress(`${who}: taken over if it is not renewed for ${(staleAfter - waited) / 60} min`);
    await pause(lookEvery * 1000, world.signal);
    if (world.signal.aborted) throw interrupted();
    if ((await refs.list())[ref] !== object) return false;
  }
  return true;
}
