import type { Owner } from "../plan/facts.ts";

/** Seconds between two renewals of a claim or a flip by whoever holds it. */
export const renewal = 60;
/** Seconds that a remote may take for a ref before Git is ended. */
export const refLimit = 120;
/** Seconds without a change after which nobody holds it any more: one renewal may fail, and the next take its longest. */
export const staleAfter = 2 * renewal + refLimit;

/** The process that holds something: a claim, a flip, a container. */
export type Holder = Pick<Owner, "host" | "boot" | "namespace" | "pid" | "started">;
export type Life = "lives" | "gone" | "unknown";

/**
 * What this machine knows of a process, by the start time that it has for the pid: "" for none, null where it may not look.
 * The same pid is another process in another PID namespace (pid_namespaces(7)), so nobody of another one is ever gone by
 * pid; neither is one of another boot, which may be a second machine of the same name.
 */
export function lifeOf(held: Holder, me: Holder, started: string | null): Life {
  const isNear = (["host", "boot", "namespace"] as const).every((key) => held[key] === me[key]);
  if (!isNear || me.namespace === "" || started === null) return "unknown";
  return started !== "" && started === held.started ? "lives" : "gone";
}

/** `left`: only when it did not change for `staleAfter` while one looked; two machines' clocks are never compared. */
export type TakeOver = { readonly when: "now" | "left" | "never"; readonly why: string };

/**
 * Whether a claim may be taken over, and what to say. A process of the same user that is gone, or an earlier attempt of the
 * same CI run, has left it; of the same commit it is watched whether anybody renews it; anyone else keeps it.
 */
export function takeOver(held: Owner, me: Owner, life: Life): TakeOver {
  if (held.run !== "" && held.run === me.run && held.attempt !== me.attempt)
    return { when: "now", why: `the same CI run ${held.run} goes on` };
  if (life === "gone" && held.user === me.user)
    return { when: "now", why: `its process ${held.pid} on this machine is gone` };
  if (life !== "lives" && held.commit === me.commit)
    return { when: "left", why: `it is of the same commit and was not renewed for ${staleAfter / 60} minutes` };
  return { when: "never", why: `${nameOf(held)} has held it since ${timeOf(held.at)}` };
}

/** Seconds since 1970 as a time; what another program wrote may be none. */
export function timeOf(at: number): string {
  const time = new Date(at * 1000);
  return Number.isNaN(time.getTime()) ? `a time that is none (${at})` : time.toISOString();
}

/** `ann on laptop (process 42)` */
export const nameOf = ({ user, host, pid }: Pick<Owner, "user" | "host" | "pid">): string =>
  `${user} on ${host} (process ${pid})`;

/** The ref of a version's claim: `refs/slipway/claim/cmamp-1.2.0`, `cmamp-prod-1.2.0`. */
export const claimRef = (prefix: string, tag: string): string => `${prefix}/claim/${tag}`;
export const flipRef = (prefix: string, image: string): string => `${prefix}/flip/${image}`;
