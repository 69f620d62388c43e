import { createHash } from "node:crypto";
import { now } from "../../doors/clock.ts";
import { freeBytes } from "../../doors/files.ts";
import type { CopyEvent } from "../../doors/registry.ts";
import { UserError } from "../../model/errors.ts";
import { joinIndex } from "../../model/oci/index.ts";
import type { Check, CopyImage, Place, PutIndex, VerifyDigest } from "../../model/plan.ts";
import { jsonOf, textAt } from "../../model/shape.ts";
import { digestText, type Outcome, output, repositoryAt, type World } from "../world.ts";
import { checkEcr } from "./ecr.ts";
import { digestBehind, digestPushed, settleEarlier } from "./flip.ts";
import { tryTag } from "./git_tag.ts";

/** Copies by digest to all places side by side; a place that has it already is asked once and sent nothing. */
export async function copyImage(action: CopyImage, world: World): Promise<Outcome> {
  const client = await world.registries();
  const digest = digestText(world, action.digest);
  const to = action.to.map((place) => repositoryAt(world, place));
  const results = await client.copy(
    { from: repositoryAt(world, action.from), to, digest, tag: action.tag },
    copyProgress(world),
  );
  const broken = results.find((result) => result.outcome === "error");
  if (broken?.outcome === "error") throw broken.error;
  return results.every((result) => result.outcome === "already") ? "already" : "done";
}

/** Joins images to an index, whose bytes depend on them alone, and puts it under its tag, which may name no other image. */
export async function putIndex({ tag, place, children }: PutIndex, world: World): Promise<Outcome> {
  const client = await world.registries();
  const repo = repositoryAt(world, place);
  const parts = await Promise.all(
    children.map(async ({ digest, platform, name }) => {
      const found = await client.head(repo, digest);
      if (!found) throw servesAnother(place, name, { digest: null, wanted: digest });
      return { mediaType: found.mediaType, digest, size: found.size, platform };
    }),
  );
  const { mediaType, text } = joinIndex(parts);
  const bytes = new TextEncoder().encode(text);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const before = await digestBehind(place, tag, world);
  if (before !== null && before !== digest) throw servesAnother(place, tag, { digest: before, wanted: digest });
  world.state.image = digest;
  if (before === digest) return "already";
  await client.putManifest(repo, tag, { manifest: { digest, mediaType, size: bytes.length, bytes } });
  return "done";
}

/** A line every two seconds while a copy runs, and one for each registry that has the image. */
function copyProgress(world: World): (event: CopyEvent) => void {
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const seen = { total: 0, read: 0, said: now() };
  return (event) => {
    if (event.event === "plan") seen.total += event.bytes;
    if (event.event === "bytes") seen.read += event.bytes;
    if (event.event === "retry") output(world, `${event.registry}: again, ${event.why}\n`);
    if (event.event === "pushed") output(world, `${event.registry}: ${event.reference}\n`);
    if (now() - seen.said < 2000) return;
    seen.said = now();
    output(world, `${mebibytes(seen.read)} of ${mebibytes(seen.total)} read\n`);
  };
}

/** Reads the tag back in every place; throws naming the first registry that answers with another digest. */
export async function verifyDigest(action: VerifyDigest, world: World): Promise<Outcome> {
  if (action.mayBeAbsent) {
    const now = await Promise.all(action.places.map((place) => digestBehind(place, action.tag, world)));
    if (now.every((digest) => digest === null)) return "done";
  }
  if (action.tested) world.state.image = await manifestOf(action, digestText(world, action.tested), world);
  const wanted = digestText(world, action.digest);
  const found = await Promise.all(
    action.places.map(async (place) => ({ place, digest: await digestPushed(place, action.tag, world) })),
  );
  const wrong = found.find(({ digest }) => digest !== wanted);
  if (!wrong) return "done";
  const on = await movedOn(action.tag, wanted, world);
  if (on === null || found.some(({ digest }) => digest !== wanted && digest !== on.to))
    throw servesAnother(wrong.place, action.tag, { digest: wrong.digest, wanted });
  world.console.progress(`      ${action.tag} is ${on.version} by now: ${on.by} on ${on.host} moved it at ${on.at}`);
  return "done";
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
  const manifest = place ? await client.manifest(repositoryAt(world, place), action.tag) : null;
  const config = manifest && textAt(jsonOf(new TextDecoder().decode(manifest.bytes)), "config", "digest");
  if (manifest && (config === tested || manifest.digest === tested)) return manifest.digest;
  throw place
    ? servesAnother(place, action.tag, { digest: config ?? null, wanted: tested })
    : new Error("nothing was pushed");
}

type Digests = { readonly digest: string | null; readonly wanted: string };

const servesAnother = (place: Place, tag: string, { digest, wanted }: Digests): UserError =>
  new UserError(`${place.repository}:${tag} is ${digest ?? "absent"}, not ${wanted}`, {
    why: `Registry ${place.registry} serves another image than the one that was tested.`,
    fix: `Look who moved it: i release_history; then type the same command again`,
    kind: "drift",
  });

/** Looks at the world before anything changes. */
export async function check(action: Check, world: World): Promise<Outcome> {
  if (action.what === "push") await checkPush(action.places, world);
  else if (action.what === "ecr") await checkEcr(action, world);
  else if (action.what === "git_tag") await tryTag(action, world);
  else await checks[action.what](world);
  return "done";
}

const checks = {
  disk: checkDisk,
  flip: settleEarlier,
} as const;

async function checkPush(places: CheckPlaces, world: World): Promise<void> {
  const client = await world.registries();
  await Promise.all(places.map((place) => client.assertCanPush(repositoryAt(world, place))));
}
type CheckPlaces = Extract<Check, { what: "push" }>["places"];

/** A build and its copies want room; 1 GiB is where engines start to fail in odd ways. */
const leastFree = 1 << 30;

async function checkDisk(world: World): Promise<void> {
  const free = await freeBytes(world.facts.place.gitDir);
  if (free >= leastFree) return;
  throw new UserError(`only ${Math.round(free / 2 ** 20)} MiB are free on the disk of this repo`, {
    why: "A build that runs out of room fails half-way.",
    fix: "Free some, e.g. docker buildx prune",
    kind: "disk",
  });
}
