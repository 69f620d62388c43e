import { LateError } from "../doors/clock.ts";
import { UserError } from "../errors.ts";
import type { Repository } from "../names/address.ts";
import { fixOf, RegistryError } from "./rules/failure.ts";
import type { Outcome } from "./rules/retry.ts";
import { delayBeforeRetry } from "./rules/retry.ts";
import type { Session } from "./session.ts";

/** The part of an answer that decides what happens next. */
export type Head = {
  readonly status: number;
  readonly headers: { readonly get: (name: string) => string | null };
  /** Throws away a body that nobody reads. */
  readonly discard?: () => void;
};

/** What an error names of whom is asked. */
type Host = Pick<Repository, "registry" | "host">;

/** Whom is asked, and which statuses are asked again beside those that always are: 404 right after an own push is lag. */
export type Patience = { readonly repo: Host; readonly again?: readonly number[] };

/** Waits; throws the signal's reason when interrupted. */
export async function pause({ clock, signal }: Session, milliseconds: number): Promise<void> {
  await clock.pause(milliseconds, signal);
  signal?.throwIfAborted();
}

/** Takes a limit in milliseconds and a wait, gives its value; throws `ETIMEDOUT` when it takes longer. */
export async function within<T>({ clock }: Session, milliseconds: number, wait: Promise<T>): Promise<T> {
  let callOff = () => {};
  const late = new Promise<never>((_, reject) => {
    callOff = clock.alarm(milliseconds, () => reject(new LateError("nothing moved")));
  });
  return await Promise.race([wait, late]).finally(callOff);
}

/** Takes what went wrong with a connection, gives its code (`ECONNREFUSED`), on Node and bun alike. */
export function networkCode(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return error instanceof Error ? error.message : String(error);
}

const resets = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET", "ConnectionClosed", "EAI_AGAIN"]);

/** Takes a network error, answers whether the connection was lost on the way, so that another try may end otherwise. */
export const isReset = (error: unknown): boolean => resets.has(networkCode(error));

/** Takes a network error of a repository's registry, gives the RegistryError: not reachable, with the system's code. */
export function unreachable(repo: Host, error: unknown): RegistryError {
  const advice = {
    registry: repo.registry,
    reason: "unreachable",
    why: `The connection ended with ${networkCode(error)}.`,
    fix: fixOf("unreachable", repo.registry),
  } as const;
  return new RegistryError(`${repo.registry} (${repo.host}) does not answer`, advice, { cause: error });
}

/**
 * Asks until the answer is final: again after 429, 5xx and lost connections, with back-off, `Retry-After` honoured.
 * Gives the last answer; throws RegistryError `unreachable` when there was none, the signal's reason when interrupted.
 */
export async function patiently<T extends Head>(session: Session, how: Patience, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask().catch((error: unknown) => {
      session.signal?.throwIfAborted();
      if (error instanceof UserError) throw error;
      if (!isReset(error)) throw unreachable(how.repo, error);
      return { lost: error };
    });
    const at = { attempt, now: session.clock.now(), jitter: Math.random() };
    const delay = delayBeforeRetry("lost" in answer ? { status: "reset" } : outcomeOf(answer, how), at);
    if (delay === null && "lost" in answer) throw unreachable(how.repo, answer.lost);
    if (!("lost" in answer)) {
      if (delay === null) return answer;
      answer.discard?.();
    }
    await pause(session, delay ?? 0);
  }
}

function outcomeOf(answer: Head, how: Patience): Outcome {
  const status = how.again?.includes(answer.status) ? 503 : answer.status;
  return { status, retryAfter: answer.headers.get("retry-after") };
}
