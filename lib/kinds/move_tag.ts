import { asWhole } from "../doors/interrupt.ts";
import { refused, type Swapped } from "../doors/refs.ts";
import { UserError } from "../model/errors.ts";
import type { Flip } from "../model/flip.ts";
import { kind } from "../model/kind.ts";
import { versionOf } from "../model/log.ts";
import type { Place, Value } from "../model/plan.ts";
import { copyLine } from "../model/render_plan.ts";
import { compareVersions, isVersion } from "../model/version.ts";
import { pushWith } from "../run/waiting.ts";
import { knownValue, type Outcome, output, type World } from "../run/world.ts";
import {
  type GiveUp,
  isSilence,
  ownFlipRef,
  point,
  putBack,
  recordFlip,
  renewed,
  settleEarlier,
  unanswered,
  underFlip,
} from "./settle_move.ts";
import { digestBehind, digestPushed } from "./verify_digest.ts";

/** Points a mutable tag at a digest in several registries as one: design.md, step 8, "Flip". */
export type MoveTag = {
  readonly kind: "move_tag";
  readonly image: string;
  readonly tag: string;
  readonly version: string;
  readonly why: "release" | "rollback" | "mirror";
  readonly reason?: string;
  readonly to: Value;
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
    const flip = intent(action, world, settled);
    const object = await refs.write(flip, null);
    const outcome = await asWhole(async () => {
      const swapped = await pushWith(world, [{ ref, from: null, to: object }]);
      refusal = swapped;
      return swapped.won ? await moveUnder(flip, object, world) : null;
    });
    if (outcome) return outcome;
  }
  throw refused(refusal.ref ?? ref, refusal.why, world.facts.git.remote);
}

/** Moves the tag while the ref holds our intent, and takes the intent back. */
async function moveUnder(flip: Flip, object: string, world: World): Promise<Outcome> {
  return underFlip({ flip, object }, world, async (giveUp) => {
    const { moved, silent } = await moveAll(flip, world, giveUp);
    if (moved > 0) await recordFlip(flip, silent, world);
    if (silent.length > 0) throw unanswered(flip, silent);
    await giveUp("later");
    return moved > 0 ? "done" : "already";
  });
}

/** What the flip ref holds; what an earlier flip left behind was settled to is what we expect to see. */
function intent(action: MoveTag, world: World, settled: Flip | undefined): Flip {
  const { kind: _, ...move } = action;
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
  throw new UserError(`${action.tag} is ${settled.version} now, which ${settled.owner.user} released meanwhile`, {
    why: `${action.version} is lower, and ${action.tag} goes down only by a rollback.`,
    fix: `Release a higher version, or go back on purpose: i docker_rollback_${action.tag} --version ${action.version}`,
  });
}

type Moves = { readonly moved: number; readonly silent: readonly Place[] };

/** One registry after the other; when one answers with a failure the others are put back, one that does not answer is told. */
async function moveAll(flip: Flip, world: World, giveUp: GiveUp): Promise<Moves> {
  const silent: Place[] = [];
  let [moved, sent] = [0, 0];
  const onSend = () => {
    sent += 1;
  };
  for (const place of flip.places) {
    try {
      if (await moveOne({ flip, place, onSend }, world)) moved += 1;
    } catch (error) {
      const now = isSilence(error) && !world.signal.aborted ? await lookAgain(place, flip.tag, world) : "answers";
      if (now === flip.to) moved += 1;
      else if (now === "silent") silent.push(place);
      else {
        if (await putBack(flip, world)) await giveUp("now");
        throw error;
      }
    }
  }
  if (silent.length < flip.places.length) return { moved, silent };
  // A registry that ended after it was sent the move may have done it: then the intent stays for the next command.
  if (sent === 0) await giveUp("now");
  throw unanswered(flip, silent);
}

/** After a move without an answer: the digest that a registry serves now, for it may have done it, or only fail to write. */
async function lookAgain(place: Place, tag: string, world: World): Promise<string | null> {
  try {
    return await digestBehind(place, tag, world);
  } catch {
    return "silent";
  }
}

type Move = { readonly flip: Flip; readonly place: Flip["places"][number]; readonly onSend: () => void };

/** HEAD as seen, PUT, HEAD as wanted; false where the tag was there already. */
async function moveOne({ flip, place, onSend }: Move, world: World): Promise<boolean> {
  const before = await digestBehind(place, flip.tag, world);
  if (before === flip.to) return false;
  if (before !== place.seen) throw await movedByOther(flip, place, { before, world });
  onSend();
  await point(place, { tag: flip.tag, digest: flip.to }, world);
  const after = await digestPushed(place, flip.tag, world);
  if (after !== flip.to) throw servesAnother(flip, place, after);
  output(world, `${place.repository}:${flip.tag} -> ${flip.to}\n`);
  return true;
}

const servesAnother = (flip: Flip, place: Place, after: string | null): UserError =>
  new UserError(`${place.repository}:${flip.tag} is ${after ?? "absent"} right after it was pointed at ${flip.to}`, {
    why: `${place.registry} took the move and serves another image; a cache before it may be behind, or somebody moved it.`,
    fix: "See what it serves: i release_status; then type the same command again",
    kind: "drift",
  });

type Seen = { readonly before: string | null; readonly world: World };

async function movedByOther(flip: Flip, place: Flip["places"][number], { before, world }: Seen): Promise<UserError> {
  const refs = await world.refs();
  const log = await refs.readLog((await refs.list())[refs.logRef]);
  const last = log.findLast((entry) => entry.type === "flip" && entry.to === before);
  const who = last
    ? `${last.by} on ${last.host} moved it to ${versionOf(last)} at ${last.at}`
    : `somebody else moved it, and the log does not know who`;
  return new UserError(
    `${place.repository}:${flip.tag} is ${before ?? "absent"}, the plan saw ${place.seen ?? "none"}`,
    {
      why: `In ${place.registry} ${who}; overwriting it could undo their work.`,
      fix: "Look at it: i release_status and i release_history; then type the same command again",
      kind: "drift",
    },
  );
}
