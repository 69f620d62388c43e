import type { Owner } from "./facts.ts";

/** Ten minutes without renewal: then whoever works on the same commit may go on (design.md, step 1). */
export const staleAfter = 600;

/**
 * Whether a claim may be taken over, and what to say. `heldBy` lives when its process still runs on this host.
 * The same owner (its process is dead, or the same CI run) or the same commit after ten minutes; anyone else may not.
 */
export function takeOver(
  held: Owner,
  me: Owner,
  processLives: boolean,
): { readonly allowed: boolean; readonly why: string } {
  const since = me.at - held.at;
  const here = held.host === me.host && held.user === me.user;
  if (held.run !== "" && held.run === me.run) return { allowed: true, why: `the same CI run ${held.run} goes on` };
  if (here && (held.boot !== me.boot || !processLives))
    return { allowed: true, why: `its process ${held.pid} on this machine is gone` };
  if (held.commit === me.commit && since > staleAfter)
    return { allowed: true, why: `it is of the same commit and was not renewed for ${Math.round(since / 60)} minutes` };
  return {
    allowed: false,
    why: `${held.user} on ${held.host} (process ${held.pid}) has held it since ${new Date(held.at * 1000).toISOString()}`,
  };
}

/** The ref of a version's claim: `refs/slipway/claim/cmamp-1.2.0`, `cmamp-prod-1.2.0`. */
export const claimRef = (prefix: string, tag: string): string => `${prefix}/claim/${tag}`;
export const flipRef = (prefix: string, image: string): string => `${prefix}/flip/${image}`;
