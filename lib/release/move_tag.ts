import { isDeepStrictEqual } from "node:util";
import { asWhole } from "../doors/interrupt.ts";
import { refused, type Swapped } from "../doors/refs.ts";
import { UserError } from "../errors.ts";
import { digestBehind, digestPushed, readBackKey } from "../kinds/verify_digest.ts";
import type { Flip } from "../names/flip.ts";
import { commitIn } from "../names/image.ts";
import { type SignedEntry, versionOf } from "../names/log.ts";
import { repositoryAt } from "../names/names.ts";
import { compareVersions, isVersion } from "../names/version.ts";
import type { Manifest } from "../oci/registry.ts";
import { kind } from "../plan/kind.ts";
import type { Place, Value } from "../plan/plan.ts";
import { copyLine } from "../plan/render_plan.ts";
import { pushWith } from "../run/waiting.ts";
import { knownValue, type Outcome, output, type World } from "../run/world.ts";
import { isAncestor, isOnBranch, type OnBranch } from "./check_branch.ts";
import {
  type GiveUp,
  isSilence,
  manifestOf,
  ownFlipRef,
  putBack,
  recordFlip,
  renewed,
  settleEarlier,
  unanswered,
  underFlip,
} from "./settle_move.ts";

/** Points a mutable tag at a digest in several registries as one: design.md, step 8, "Flip". */
export type MoveTag = {
  readonly kind: "move_tag";
  readonly image: string;
  readonly tag: string;
  readonly version: string;
  readonly why: "release" | "rollback" | "mirror";
  readonly reason?: string;
  readonly to: Value;
  /**
   * The tag goes with another, from whatever it is by then: with what is released, or where a branch went, and never back to a
   * commit that the branch has left.
   */
  readonly follows?: OnBranch | "releases";
  /** The tag of the version, which is read back at once with this one, so that nobody has to ask again to verify both. */
  readonly also?: string;
  /** `seen` is the digest that the plan saw behind the tag; null where the tag did not exist. */
  readonly places: readonly (Place & { readonly seen: string | null })[];
};

/** Under the flip ref; waits for whoever came first. */
export const moveTag = kind<MoveTag>("move_tag", {
  refs: true,
  holds: true,
  lines: ({ places, tag, to }, show) =>
    places.map((place) => copyLine(`${place.repository}@${show(to)}`, `${place.repository}:${tag}`)),
  run: move,
});

async function move(action: MoveTag, world: World): Promise<Outcome> {
  const refs = await world.refs();
  const ref = ownFlipRef(world);
  let refusal: Swapped = { won: false, why: "" };
  for (let turn = 0; turn < 5; turn += 1) {
    await settleEarlier(world);
    const settled = world.state.settled.get(action.tag);
    assertNotOvertaken(action, settled);
    const { follows } = action;
    const now = follows ? { ...action, places: await digestsNow(action, world) } : action;
    assertNotBelow(now, await refs.knownLog());
    if (typeof follows === "object" && (await isPassed(action, follows, world))) return "already";
    const flip = intent(now, world, follows ? undefined : settled);
    if (follows && flip.places.every(({ seen }) => seen === flip.to)) return "already";
    const object = await refs.write(flip, null);
    const outcome = await asWhole(async () => {
      const swapped = await pushWith(world, [{ ref, from: null, to: object }]);
      refusal = swapped;
      return swapped.won
        ? await moveUnder(flip, object, { world, follows: follows !== undefined, also: action.also })
        : null;
    });
    if (outcome) return outcome;
  }
  throw refused(refusal.ref ?? ref, refusal.why, world.facts.git.remote);
}

type Under = { readonly world: World; readonly follows: boolean; readonly also: string | undefined };

/** The places of a move with what the tag is there now. */
const digestsNow = ({ places, tag }: Pick<MoveTag, "places" | "tag">, world: World): Promise<MoveTag["places"]> =>
  Promise.all(places.map(async (place) => ({ ...place, seen: await digestBehind(place, tag, world) })));

/** Whether the branch has gone on to what the tag is by now, or does not have the commit any more. */
async function isPassed({ tag }: MoveTag, follows: OnBranch, world: World): Promise<boolean> {
  const refs = await world.refs();
  const log = await refs.readLog((await refs.list())[refs.logRef]);
  const last = log.findLast((entry) => entry.type === "flip" && entry.tag === tag);
  const there = commitIn(last ? versionOf(last) : "");
  if (there !== null && follows.commit.startsWith(there)) return false;
  const why = (await isOnBranch(follows, world))
    ? there !== null && (await isAncestor(follows.commit, there, world)) && `${follows.branch} has gone on to ${there}`
    : `${follows.branch} has it no more`;
  if (why) world.console.progress(`      ${tag} stays as it is: ${why}`);
  return why !== false;
}

/** Moves the tag while the ref holds our intent, and takes the intent back. */
async function moveUnder(flip: Flip, object: string, { world, follows, also }: Under): Promise<Outcome | null> {
  return underFlip({ flip, object }, world, async (giveUp) => {
    if (follows && !isDeepStrictEqual(await digestsNow(flip, world), flip.places)) {
      // Somebody moved it between the look and the intent: looked at anew.
      await giveUp("now");
      return null;
    }
    const { moved, silent } = await moveAll(flip, world, { giveUp, also });
    if (moved > 0) await recordFlip(flip, silent, world);
    if (silent.length > 0) throw unanswered(flip, silent);
    await giveUp("later");
    return moved > 0 ? "done" : "already";
  });
}

/** What the flip ref holds; what an earlier flip left behind was settled to is what we expect to see. */
function intent(action: MoveTag, world: World, settled: Flip | undefined): Flip {
  const { kind: _, follows: _follows, also: _also, ...move } = action;
  const after = (place: Place) => settled?.places.some(({ registry }) => registry === place.registry);
  return {
    ...move,
    id: crypto.randomUUID(),
    owner: renewed(world),
    to: knownValue(world, action.to),
    places: action.places.map((place) => (after(place) ? { ...place, seen: settled?.to ?? place.seen } : place)),
  };
}

/** A flip that was finished for somebody else may have brought a higher version; only a rollback goes below it. */
function assertNotOvertaken(action: MoveTag, settled: Flip | undefined): void {
  if (!settled || action.why === "rollback" || settled.places.length === 0) return;
  if (
    !isVersion(settled.version) ||
    !isVersion(action.version) ||
    compareVersions(settled.version, action.version) <= 0
  )
    return;
  throw lower(action, `${action.tag} is ${settled.version} now, which ${settled.owner.user} released meanwhile`, "");
}

/** The same for a move that was waited for: what the plan saw meanwhile is what the tag became, as only the log tells now. */
function assertNotBelow(action: MoveTag, log: readonly SignedEntry[]): void {
  const last = log.flatMap((entry) => (entry.type === "flip" && entry.tag === action.tag ? [entry] : [])).at(-1);
  const { why, places, version: own } = action;
  if (!last || why === "rollback" || !places.some(({ seen }) => seen === last.to)) return;
  const { version } = last;
  if (!isVersion(version) || !isVersion(own) || compareVersions(version, own) <= 0) return;
  const who = `${last.by} on ${last.host} moved it to ${version} at ${last.at}; `;
  throw lower(action, `${action.tag} is ${version} now`, who);
}

const lower = ({ tag, version }: MoveTag, what: string, who: string): UserError =>
  new UserError(what, {
    why: `${who}${version} is lower, and ${tag} goes down only by a rollback.`,
    fix: `Release a higher version, or go back on purpose: i docker_rollback_${tag} --version ${version}`,
  });

type How = { readonly giveUp: GiveUp; readonly also: string | undefined };
type Moves = { readonly moved: number; readonly silent: readonly Target[] };
type Target = Flip["places"][number];
/** What came of a question to a registry, or of a move in it; `moved` by what it serves after no answer came. */
type Came<T> = { readonly place: Target } & (
  | { readonly state: "answered"; readonly answer: T }
  | { readonly state: "moved" | "silent" }
  | { readonly state: "refused"; readonly error: unknown }
);

/**
 * Asks all registries, and then moves all at once. When one answers with a failure the others are put back; one that does
 * not answer is told.
 */
async function moveAll(flip: Flip, world: World, { giveUp, also }: How): Promise<Moves> {
  const assertNoneRefused = async (all: readonly Came<unknown>[]) => {
    const failed = all.find((one) => one.state === "refused");
    if (!failed) return;
    if (await putBack(flip, world)) await giveUp("now");
    throw failed.error;
  };
  const came = <T>(place: Target, work: () => Promise<T>) => cameOf(flip, place, { world, work });
  const asked = await Promise.all(flip.places.map((place) => came(place, () => manifestToPut(flip, place, world))));
  await assertNoneRefused(asked);
  const open = asked.flatMap((one) =>
    one.state === "answered" && one.answer ? [{ place: one.place, manifest: one.answer }] : [],
  );
  const sent = await Promise.all(
    open.map(({ place, manifest }) => came(place, () => moveOne(flip, place, { manifest, also, world }))),
  );
  for (const { state, place } of sent)
    if (state === "answered") output(world, `${place.repository}:${flip.tag} -> ${flip.to}\n`);
  await assertNoneRefused(sent);
  const silent = [...asked, ...sent].flatMap(({ state, place }) => (state === "silent" ? [place] : []));
  const moved = [...asked.filter(({ state }) => state === "moved"), ...sent.filter(({ state }) => state !== "silent")];
  if (silent.length < flip.places.length) return { moved: moved.length, silent };
  // A registry that ended after it was sent the move may have done it: then the intent stays for the next command.
  if (sent.length === 0) await giveUp("now");
  throw unanswered(flip, silent);
}

type Work<T> = { readonly world: World; readonly work: () => Promise<T> };

async function cameOf<T>(flip: Flip, place: Target, { world, work }: Work<T>): Promise<Came<T>> {
  try {
    return { place, state: "answered", answer: await work() };
  } catch (error) {
    const now = isSilence(error) && !world.signal.aborted ? await lookAgain(place, flip.tag, world) : "answers";
    if (now === flip.to) return { place, state: "moved" };
    return now === "silent" ? { place, state: "silent" } : { place, state: "refused", error };
  }
}

/** After a move without an answer: the digest that a registry serves now, for it may have done it, or only fail to write. */
async function lookAgain(place: Place, tag: string, world: World): Promise<string | null> {
  try {
    return await digestBehind(place, tag, world);
  } catch {
    return "silent";
  }
}

/** What is to be put under the tag, which has to be as it was seen; null where it is there already. */
async function manifestToPut(flip: Flip, place: Target, world: World): Promise<Manifest | null> {
  const [before, manifest] = await Promise.all([
    digestBehind(place, flip.tag, world),
    manifestOf(place, flip.to, world).catch((error: unknown) => ({ error })),
  ]);
  if (before === flip.to) return null;
  if (before !== place.seen) throw await movedByOther(flip, place, { before, world });
  if ("error" in manifest) throw manifest.error;
  return manifest;
}

type One = { readonly manifest: Manifest; readonly also: string | undefined; readonly world: World };

/** PUT, HEAD as wanted. */
async function moveOne(flip: Flip, place: Target, { manifest, also, world }: One) {
  await (await world.registries()).putManifest(repositoryAt(world.facts, place), flip.tag, { manifest });
  const [after] = await Promise.all(
    [flip.tag, ...(also ? [also] : [])].map(async (tag) => {
      const digest = await digestPushed(place, tag, world);
      world.state.readBack.set(readBackKey(place, tag), digest);
      return digest;
    }),
  );
  if (after !== flip.to) throw servesAnother(flip, place, after ?? null);
}

const servesAnother = (flip: Flip, place: Place, after: string | null): UserError =>
  new UserError(`${place.repository}:${flip.tag} is ${after ?? "absent"} right after it was pointed at ${flip.to}`, {
    why: `${place.registry} took the move and serves another image; a cache before it may be behind, or somebody moved it.`,
    fix: "See what it serves: i release_status; then run the same command again",
    kind: "drift",
  });

type Seen = { readonly before: string | null; readonly world: World };

async function movedByOther(flip: Flip, place: Flip["places"][number], { before, world }: Seen): Promise<UserError> {
  const refs = await world.refs();
  const log = await refs.readLog((await refs.list())[refs.logRef]);
  const last = log.findLast((entry) => entry.type === "flip" && entry.to === before);
  const who = last
    ? `${last.by} on ${last.host} moved it to ${versionOf(last)} at ${last.at}`
    : `someone moved it outside Slipway`;
  return new UserError(
    `${place.repository}:${flip.tag} is ${before ?? "absent"}, the plan saw ${place.seen ?? "none"}`,
    {
      why: `In ${place.registry} ${who}; overwriting it could undo their work.`,
      fix: "Check i release_status and i release_history; then run the same command again",
      kind: "drift",
    },
  );
}
