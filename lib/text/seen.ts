import type { EngineFacts } from "../plan/facts.ts";
import { fits, jsonOf, listOf, mapOf, maybe, node, oneOf, orNull, text } from "./shape.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Engine = Omit<EngineFacts, "images">;

/** What a workflow that starts others saw of the world, and did for all of them: none of them looks or does so again. */
export type Seen = {
  /** What tells its engine from others. */
  readonly at: string;
  readonly engine: Engine;
  /** The names of the engine's images; null where they are too many to pass on. */
  readonly names: readonly string[] | null;
  /** The refs of its image on the remote, whose log is fetched; null where they are its own to list. */
  readonly refs: { readonly of: string; readonly all: Readonly<Record<string, string>> } | null;
};

/** Where it is passed on: `.env` may not set it. */
export const seenVariable = "SLIPWAY_SEEN";

/** Bytes that one variable may have beside others (execve(2), MAX_ARG_STRLEN). */
const most = 100_000;

/** Which engine the client talks to, as far as the environment says it. */
export const engineIn = (env: Env): string =>
  JSON.stringify(["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"].map((name) => env[name] ?? ""));

/** The text of the variable, without what is too long for one. */
export function renderSeen(seen: Seen): string {
  const texts = [seen, { ...seen, names: null }, { ...seen, refs: null }].map((one) => JSON.stringify(one));
  return texts.find((text) => Buffer.byteLength(text) < most) ?? JSON.stringify({ ...seen, names: null, refs: null });
}

/** What was passed on to this run; null where nothing was, or of another engine. */
export function readSeen(env: Env): Seen | null {
  const value = env[seenVariable];
  const seen = value === undefined ? undefined : jsonOf(value);
  return fits<Seen>(seen, shape) && seen.at === engineIn(env) ? seen : null;
}

const isTrue = (value: unknown): boolean => value === true;
const shape = {
  at: text,
  engine: node<Engine>({
    // One that did not answer is asked again.
    up: isTrue,
    why: text,
    version: text,
    plugins: listOf(text),
    platform: text,
    store: oneOf("containerd", "classic"),
    inside: maybe(isTrue),
  }),
  names: orNull(listOf(text)),
  refs: orNull(node<NonNullable<Seen["refs"]>>({ of: text, all: mapOf(text) })),
};
