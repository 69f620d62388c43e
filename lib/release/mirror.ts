import { UserError } from "../errors.ts";
import { announce } from "../kinds/announce.ts";
import { verifyDigest } from "../kinds/verify_digest.ts";
import { requireVersion, targetPlaces, versionTag } from "../names/names.ts";
import type { Version } from "../names/version.ts";
import type { Facts } from "../plan/facts.ts";
import { type Place, type Step, step } from "../plan/plan.ts";
import { assertNotRemoved } from "./agreement.ts";
import { copyImage } from "./copy_image.ts";
import { flip } from "./flip.ts";
import type { MoveTag } from "./move_tag.ts";
import { releasedDigest } from "./push.ts";
import { above } from "./release_rules.ts";
import { seenDigest } from "./rollback.ts";
import { settleMove } from "./settle_move.ts";

/** Brings lagging registries up: copies a version by digest and, where the others have it as dev (or prod), points that at it. */
export function mirror(facts: Facts<"registries" | "log">, options: { readonly check: boolean }): Step[] {
  const version = requireVersion(facts);
  const { stage } = facts;
  const tag = versionTag(facts, version);
  const places = targetPlaces(facts);
  const image = releasedDigest(facts, version) ?? notReleased(facts, version);
  const holds = ({ registry }: Place) => seenDigest(facts, registry, tag) === image;
  const lagging = places.filter((place) => !holds(place));
  const moves = lateMoves(facts, image, version);
  const behind = [...new Set([...lagging, ...moves].map(({ registry }) => registry))];
  const source = places.find(holds);
  if (options.check || !source) return [report(facts, { tag, behind })];
  const current = currentIs(facts, image);
  const title = `Copy ${tag} to ${lagging.map(({ registry }) => registry).join(", ") || "no registry"}`;
  const copy = copyImage({ digest: image, tag, from: source, to: lagging });
  const text = `${facts.config.imageName}:${tag} is <digest> in ${places.map(({ registry }) => registry).join(", ")}`;
  const move = { version, why: "mirror", to: image, places: moves } as const;
  return [
    step("preflight", "Check for an unfinished tag move", [settleMove({})]),
    step("copy_to_others", title, [copy], { skip: lagging.length === 0 ? "all have it" : null }),
    flip(facts, {
      title: `Point ${stage} at ${version} where it lags`,
      skip: moves.length === 0 ? current : null,
      ...move,
    }),
    step("verify", `Read ${tag} back`, [verifyDigest({ tag, digest: image, places })]),
    step("tell", "Report the result", [announce({ digest: image, text })]),
  ];
}

/** Where the mutable tag is to be moved: the others have this image under it, and no higher version is there. */
function lateMoves(facts: Facts<"registries" | "log">, image: string, version: Version): MoveTag["places"] {
  const places = targetPlaces(facts).map((place) => ({
    ...place,
    seen: seenDigest(facts, place.registry, facts.stage),
  }));
  if (!places.some(({ seen }) => seen === image)) return [];
  return places.filter(({ seen }) => seen !== image && !above(facts, seen, version));
}

/** Why the mutable tag is moved nowhere. */
function currentIs(facts: Facts<"registries">, image: string): string {
  const seen = facts.targets.map(({ name }) => seenDigest(facts, name, facts.stage));
  if (!seen.includes(image)) return `${facts.stage} is another version`;
  const isEverywhere = seen.every((digest) => digest === image);
  return isEverywhere ? `${facts.stage} is it everywhere` : `${facts.stage} is a higher version where it is another`;
}

const notReleased = (facts: Facts<"registries" | "log">, version: Version): never => {
  assertNotRemoved(facts, version);
  throw new UserError(`no registry has ${versionTag(facts, version)}`, {
    why: "A mirror copies what was released.",
    fix: `Release it: i docker_release_${facts.stage} --version ${version}`,
  });
};

const report = (facts: Facts, { tag, behind }: { tag: string; behind: readonly string[] }): Step =>
  step("report", "Report which registries lag behind", [
    announce({
      text:
        behind.length > 0
          ? `${facts.config.imageName}:${tag} is behind in ${behind.join(", ")}`
          : `${facts.config.imageName}:${tag} is the same everywhere`,
      data: { tag, behind },
      exitCode: behind.length > 0 ? 1 : 0,
    }),
  ]);
