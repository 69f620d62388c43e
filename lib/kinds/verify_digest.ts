import { UserError } from "../errors.ts";
import { repositoryAt } from "../names/names.ts";
import { kind } from "../plan/kind.ts";
import type { Place, Value } from "../plan/plan.ts";
import { knownValue, made, type Outcome, type World } from "../run/world.ts";
import { jsonOf, textAt } from "../text/shape.ts";

/** Reads a tag back in every place and compares. */
export type VerifyDigest = {
  readonly kind: "verify_digest";
  /**
   * After a push from the classic store: the config that the manifest must have, because that is what was tested; the
   * manifest's own digest, known only now, is what the step makes, and the image from here on.
   */
  readonly tested?: Value;
  /** Before a push: nothing may be there yet, but no other image, for a version's tag never moves. */
  readonly mayBeAbsent?: true;
  readonly tag: string;
  readonly digest: Value;
  readonly places: readonly Place[];
};

export const verifyDigest = kind<VerifyDigest>("verify_digest", {
  waits: true,
  looks: true,
  digest: ({ digest }) => digest,
  lines: ({ places, tag, digest, mayBeAbsent }, show) =>
    places.map(
      (place) =>
        `skopeo inspect --format '{{.Digest}}' docker://${place.repository}:${tag}   # ${mayBeAbsent ? "nothing, or " : ""}${show(digest)}`,
    ),
  run: verify,
});

/** Throws naming the first registry that answers with another digest. */
async function verify(action: VerifyDigest, world: World): Promise<Outcome> {
  if (action.mayBeAbsent) {
    const now = await Promise.all(action.places.map((place) => digestBehind(place, action.tag, world)));
    if (now.every((digest) => digest === null)) return "done";
  }
  if (action.tested) made(world, await manifestOf(action, knownValue(world, action.tested), world));
  const wanted = knownValue(world, action.digest);
  const client = await world.registries();
  const found = await Promise.all(
    action.places.map(async (place) => {
      // Copied from here or moved here next is this manifest, which the client then has.
      const read = client.manifest(repositoryAt(world.facts, place), wanted).catch(() => null);
      const known = world.state.readBack.get(readBackKey(place, action.tag));
      const [digest] = await Promise.all([known ?? digestPushed(place, action.tag, world), read]);
      return { place, digest };
    }),
  );
  const wrong = found.find(({ digest }) => digest !== wanted);
  if (!wrong) return "done";
  const on = await movedOn(action.tag, wanted, world);
  if (on === null || found.some(({ digest }) => digest !== wanted && digest !== on.to))
    throw servesAnother(wrong.place, action.tag, { digest: wrong.digest, wanted });
  world.console.progress(`      ${action.tag} is ${on.version} by now: ${on.by} on ${on.host} moved it at ${on.at}`);
  return "done";
}

/** Under which a run remembers what a registry served as a tag when it was read back. */
export const readBackKey = ({ registry }: Place, tag: string): string => `${registry} ${tag}`;

/** The digest behind a tag now, null where there is none. */
export async function digestBehind(place: Place, tag: string, world: World): Promise<string | null> {
  const client = await world.registries();
  return (await client.head(repositoryAt(world.facts, place), tag))?.digest ?? null;
}

/** The same right after an own push, when a registry may not know yet what it took. */
export async function digestPushed(place: Place, tag: string, world: World): Promise<string | null> {
  const client = await world.registries();
  return (await client.head(repositoryAt(world.facts, place), tag, { pushed: true }))?.digest ?? null;
}

/** The last move of a tag by the log, where the tag was this digest before: somebody moved it on since, and that is no drift. */
async function movedOn(tag: string, digest: string, world: World) {
  const refs = await world.refs();
  const log = await refs.readLog((await refs.list())[refs.logRef]);
  const moves = log.flatMap((entry) => (entry.type === "flip" && entry.tag === tag ? [entry] : []));
  const last = moves.at(-1);
  return last && last.to !== digest && moves.some(({ to }) => to === digest) ? last : null;
}

/** The digest of the pushed manifest, whose config must be the image that was tested (design.md, step 5). */
async function manifestOf(action: VerifyDigest, tested: string, world: World): Promise<string> {
  const [place] = action.places;
  const client = await world.registries();
  if (place) await digestPushed(place, action.tag, world);
  const manifest = place ? await client.manifest(repositoryAt(world.facts, place), action.tag) : null;
  const config = manifest && textAt(jsonOf(new TextDecoder().decode(manifest.bytes)), "config", "digest");
  if (manifest && (config === tested || manifest.digest === tested)) return manifest.digest;
  throw place
    ? servesAnother(place, action.tag, { digest: config ?? null, wanted: tested })
    : new Error("nothing was pushed");
}

type Digests = { readonly digest: string | null; readonly wanted: string };

/** The error of a tag that is another image, or none, than it must be. */
export const servesAnother = (place: Place, tag: string, { digest, wanted }: Digests): UserError =>
  new UserError(`${place.repository}:${tag} is ${digest ?? "absent"}, not ${wanted}`, {
    why: `Registry ${place.registry} serves another image than the one that was tested.`,
    fix: `See who moved it: i release_history; then run the same command again`,
    kind: "drift",
  });
