import { loadProcess } from "../../lib/doors/processes.ts";
import type { Flip } from "../../lib/names/flip.ts";
import type { Owner } from "../../lib/plan/facts.ts";
import { type MoveTag, moveTag } from "../../lib/release/move_tag.ts";
import { owner } from "../unit/factory.ts";
import type { Acted, Acting, Actor } from "./acting.ts";
import type { Asked, OciServer } from "./oci_server.ts";

/** An image with 1.0.0 as dev in every registry, and 1.1.0 to move dev to. */
export type Moving = Actor & {
  readonly old: string;
  readonly next: string;
  /** The move of dev from 1.0.0 to 1.1.0 in every registry. */
  readonly action: MoveTag;
  /** Does it, but for what is given. */
  readonly move: (more?: Partial<MoveTag>) => Promise<Acted>;
  /** The places of that move. */
  readonly seen: MoveTag["places"];
  /** The digest behind dev, by registry. */
  readonly dev: () => readonly (string | null)[];
  /** What the ref of moves holds; null where nothing is moved. */
  readonly intent: () => unknown;
  /** A move to 1.1.0 that somebody began. */
  readonly leave: (more?: Partial<Flip>) => void;
};

/** Puts both versions into every registry. */
export function startMoving(acting: Acting, image: string): Moving {
  const { registries } = acting;
  const put = (tag: string) => registries.map((registry) => registry.put(image, tag, { v: tag }))[0] ?? "";
  const [old, next] = [put("dev-1.0.0"), put("dev-1.1.0")];
  for (const registry of registries) point(registry, image, old);
  const actor = acting.actor(image);
  const seen = actor.places.map((place) => ({ ...place, seen: old }));
  const ref = `refs/slipway/flip/${image}`;
  const move = { image, tag: "dev", version: "1.1.0", why: "release", to: next, places: seen } as const;
  const action = moveTag({ ...move });
  return {
    ...actor,
    ...{ old, next, seen, action },
    move: (more = {}) => actor.act([{ ...action, ...more }]),
    dev: () => registries.map((registry) => registry.digestOf(image, "dev")),
    intent: () => actor.refs.held(ref),
    leave: (more = {}) => actor.refs.put(ref, { ...move, id: "left", owner: gone(), ...more }),
  };
}

/** A process of this machine that does not live any more. */
export const gone = (more: Partial<Owner> = {}): Owner => {
  return owner({ user: "ann", ...loadProcess(), pid: 4_194_305, started: "7", at: 1_735_898_400, ...more });
};

/** This process, as if another run of it had begun. */
export const alive = (): Owner => gone({ ...loadProcess() });

/** Points dev of a registry at an image that it has, as a stranger would. */
export function point({ manifests }: OciServer, image: string, digest: string): void {
  const manifest = manifests.get(`${image}@${digest}`);
  if (!manifest) throw new Error(`${image} has no ${digest}`);
  manifests.set(`${image}:dev`, manifest);
}

/** Takes 1.1.0 out of a registry. */
export function drop({ manifests }: OciServer, { image, next }: Moving): void {
  for (const key of [`${image}:dev-1.1.0`, `${image}@${next}`]) manifests.delete(key);
}

/** Whether a request is a move of dev. */
export const isMove = ({ method, path }: Asked): boolean => method === "PUT" && path.endsWith("/manifests/dev");
