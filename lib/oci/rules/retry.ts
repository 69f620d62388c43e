import type { RegistryKind } from "../../config/registry.ts";

/** How one try ended: the registry's status, or no answer at all. */
export type Outcome = { readonly status: number; readonly retryAfter?: string | null } | { readonly status: "reset" };

const tries = 5;
const longestWait = 60_000;

/** Takes a `Retry-After` (seconds or an HTTP date) and now in milliseconds; gives the wait in milliseconds, null when it says nothing. */
export function parseRetryAfter(value: string | null | undefined, now: number): number | null {
  if (value === null || value === undefined) return null;
  if (/^\s*[0-9]+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Takes how a try ended, answers whether another may end otherwise: 408, 429, 5xx but 501 and 505, and resets. */
export const isPassing = (outcome: Outcome): boolean =>
  outcome.status === "reset" ||
  outcome.status === 408 ||
  outcome.status === 429 ||
  (outcome.status >= 500 && outcome.status !== 501 && outcome.status !== 505);

/**
 * Takes how a try ended and `{ attempt (1 is the first), now, jitter 0..1 }`; gives the milliseconds to wait before the
 * next, null when there is none: after five tries, for what does not pass, and when asked to wait above a minute.
 */
export function delayBeforeRetry(
  outcome: Outcome,
  at: { readonly attempt: number; readonly now: number; readonly jitter: number },
): number | null {
  if (at.attempt >= tries || !isPassing(outcome)) return null;
  const asked = "retryAfter" in outcome ? parseRetryAfter(outcome.retryAfter, at.now) : null;
  if (asked !== null) return asked > longestWait ? null : asked;
  return Math.round(250 * 2 ** (at.attempt - 1) * (0.75 + at.jitter / 2));
}

/** How a registry takes the rest of a broken upload: in one piece, in chunks of at most so many bytes, or not at all. */
const resuming: Readonly<Record<RegistryKind, { readonly resumes: boolean; readonly chunk: number | null }>> = {
  oci: { resumes: true, chunk: null },
  dockerhub: { resumes: true, chunk: null },
  ghcr: { resumes: true, chunk: 4 * 1024 * 1024 },
  ecr: { resumes: false, chunk: null },
};

/** Takes a registry's kind, answers whether a broken upload may be gone on with. */
export const canResume = (kind: RegistryKind): boolean => resuming[kind].resumes;

/** Takes the `Range` of an upload (`0-99`), gives how many bytes the registry holds, 0 when it says nothing (OCI distribution spec, "Pushing a blob in chunks"). */
export function heldBytes(range: string | null | undefined): number {
  const match = /^(?:bytes=)?0-([0-9]+)$/.exec(range?.trim() ?? "");
  const last = Number(match?.[1] ?? 0);
  return last === 0 ? 0 : last + 1;
}

/** Takes a kind, the bytes held and the size; gives the pieces `[from, to)` still to send by PATCH, null where an upload starts anew. */
export function restOfUpload(kind: RegistryKind, held: number, size: number): [number, number][] | null {
  const { resumes, chunk } = resuming[kind];
  if (!resumes || held > size) return null;
  const step = chunk ?? Math.max(1, size);
  const pieces: [number, number][] = [];
  for (let from = held; from < size; from += step) pieces.push([from, Math.min(size, from + step)]);
  return pieces;
}

/** Takes a piece `[from, to)`, gives its `Content-Range`, whose end is inclusive. */
export const contentRange = ([from, to]: readonly [number, number]): string => `${from}-${to - 1}`;
