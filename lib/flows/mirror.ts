import { UserError } from "../model/errors.ts";
import type { Facts } from "../model/facts.ts";
import { requireVersion, targetPlaces } from "../model/names.ts";
import { type MoveTag, type Place, type Step, step } from "../model/plan.ts";
import type { Version } from "../model/version.ts";
import { releasedDigest } from "./dev.ts";
import { flipDev } from "./flip_dev.ts";
import { above } from "./release_rules.ts";
import { seenDigest } from "./rollback.ts";

/** Brings lagging registries up: copies dev-X.Y.Z by digest and, where the others have it as dev, points dev at it. */
export function mirror(facts: Facts, options: { readonly check: boolean }): Step[] {
  const version = requireVersion(facts);
  const tag = `dev-${version}`;
  const places = targetPlaces(facts);
  const image = releasedDigest(facts, tag) ?? notReleased(version);
  const holds = ({ registry }: Place) => seenDigest(facts, registry, tag) === image;
  const lagging = places.filter((place) => !holds(place));
  const moves = devMoves(facts, image, version);
  const behind = [...new Set([...lagging, ...moves].map(({ registry }) => registry))];
  const source = places.find(holds);
  if (options.check || !source) return [report(facts, { tag, behind })];
  const isCurrent = places.some(({ registry }) => seenDigest(facts, registry, "dev") === image);
  const current = isCurrent ? "dev is it everywhere" : "dev is another version";
  const title = `Copy ${tag} to ${lagging.map(({ registry }) => registry).join(", ") || "no registry"}`;
  const copy = { kind: "copy_image", digest: image, tag, from: source, to: lagging } as const;
  const text = `${facts.config.imageName}:${tag} is @image in ${places.map(({ registry }) => registry).join(", ")}`;
  const flip = { version, why: "mirror", to: image, places: moves } as const;
  return [
    step("copy_to_others", title, [copy], { skip: lagging.length === 0 ? "all have it" : null }),
    flipDev(facts, {
      title: `Point dev at ${version} where it lags`,
      skip: moves.length === 0 ? current : null,
      ...flip,
    }),
    step("verify", `Read ${tag} back`, [{ kind: "verify_digest", tag, digest: image, places }]),
    step("tell", "Tell where it stands", [{ kind: "announce", digest: image, text }]),
  ];
}

/** Where dev is to be moved: the others have this image as dev, and no higher version is there. */
function devMoves(facts: Facts, image: string, version: Version): MoveTag["places"] {
  const places = targetPlaces(facts).map((place) => ({ ...place, seen: seenDigest(facts, place.registry, "dev") }));
  if (!places.some(({ seen }) => seen === image)) return [];
  return places.filter(({ seen }) => seen !== image && !above(facts, seen, version));
}

const notReleased = (version: Version): never => {
  throw new UserError(`no registry has dev-${version}`, {
    why: "A mirror copies what was released.",
    fix: `Release it: i docker_release_dev --version ${version}`,
  });
};

const report = (facts: Facts, { tag, behind }: { tag: string; behind: readonly string[] }): Step =>
  step("report", "Tell which registries lag", [
    {
      kind: "announce",
      text:
        behind.length > 0
          ? `${facts.config.imageName}:${tag} is behind in ${behind.join(", ")}`
          : `${facts.config.imageName}:${tag} is the same everywhere`,
      data: { tag, behind },
      exitCode: behind.length > 0 ? 1 : 0,
    },
  ]);
