import type { Archive } from "../doors/archive.ts";
import { UserError } from "../errors.ts";
import { type Announce, announce } from "../kinds/announce.ts";
import { cmd } from "../kinds/command.ts";
import { verifyDigest } from "../kinds/verify_digest.ts";
import { lacksImage } from "../names/engine.ts";
import { engineImage, requireVersion, targetPlaces } from "../names/names.ts";
import { imageTag } from "../names/stage.ts";
import type { Facts } from "../plan/facts.ts";
import { type Place, type Step, step, type Value } from "../plan/plan.ts";
import { ecrLogin, pullOf } from "./ecr_login.ts";
import type { HandedOver } from "./look_containers.ts";

type Share = { readonly file?: string | undefined; readonly readable: boolean };

/** Hands the own local image of a version over: in a file, else by the first target registry. The digest stays, and is told. */
export function shareLocal(facts: Facts<"engine">, options: Share, handedOver: HandedOver): Step[] {
  const version = requireVersion(facts);
  const reference = engineImage(facts, "local", version);
  const image = facts.engine.images.find((one) => one.reference === reference)?.id;
  if (!image)
    throw lacksImage(facts.engine, reference, {
      why: "There is nothing to hand over.",
      fix: `Build it: i docker_build_local --version ${version}`,
    });
  const { archive } = handedOver;
  if (archive) return shareByFile(facts, { image, reference, archive, readable: options.readable });
  if (options.readable)
    throw new UserError("--readable was given without --file", {
      why: "It lets others read the file that the image is written to.",
      fix: "Name one: --file /tmp/image.tar --readable",
    });
  return shareByRegistry(facts, { image, reference, handedOver });
}

/** Sharing asks before it writes over a file, or over another image in the registry. */
export function asksShare(facts: Facts<"engine">, _options: Share, handedOver: HandedOver): string | null {
  const { archive, inRegistry } = handedOver;
  if (archive) return archive.exists ? `Replace ${archive.path}, which is there already?` : null;
  const reference = engineImage(facts, "local", facts.version);
  if (inRegistry?.state !== "found" || sharedAlready(facts, handedOver, reference)) return null;
  return `Replace ${facts.targets[0]?.name}'s ${imageTag("local", facts.user.name, facts.version ?? undefined)}, which is ${inRegistry.digest}?`;
}

/** The registry's digest where it is this very image: the classic store would push the same image with another one. */
function sharedAlready(facts: Facts<"engine">, { inRegistry }: HandedOver, reference: string): string | null {
  const own = facts.engine.images.find((image) => image.reference === reference);
  return inRegistry?.state === "found" && own?.digests.includes(inRegistry.digest) ? inRegistry.digest : null;
}

type ByFile = {
  readonly image: string;
  readonly reference: string;
  readonly archive: Archive;
  readonly readable: boolean;
};

/** Saved by digest and without a name, so that loading it moves no tag of anybody. */
function shareByFile(facts: Facts<"engine">, { image, reference, archive, readable }: ByFile): Step[] {
  assertKeepsDigests(facts);
  const mode = readable ? "0644" : "0600";
  const words = ["--file", archive.path, "--digest", image];
  return [
    step("docker_save", `Write ${reference} to ${archive.path}`, [
      cmd`docker save --output ${archive.path} ${image}`,
      cmd`chmod ${mode} ${archive.path}`,
      tellTaker(facts, words, image),
    ]),
  ];
}

type ByRegistry = Pick<ByFile, "image" | "reference"> & { readonly handedOver: HandedOver };

function shareByRegistry(facts: Facts<"engine">, { image, reference, handedOver }: ByRegistry): Step[] {
  const tag = imageTag("local", facts.user.name, requireVersion(facts));
  const place = firstTarget(facts);
  const there = `${place.repository}:${tag}`;
  const shared = sharedAlready(facts, handedOver, reference);
  const isClassic = facts.engine.store === "classic" && shared === null;
  const digest: Value = shared ?? (isClassic ? { from: "docker_push" } : image);
  const readBack = verifyDigest({ tag, digest, places: [place] });
  const rename = there === reference ? [] : [cmd`docker tag ${image} ${there}`];
  const push = [...ecrLogin(facts, place.registry), cmd`docker push ${there}`];
  const steps = [...rename, ...push, { ...readBack, ...(isClassic ? { tested: image } : {}) }];
  const words = place.registry === facts.config.registries[0]?.name ? [] : ["--target-registries", place.registry];
  return [
    step("docker_push", `Push ${there} and read it back`, steps, {
      skip: shared ? `${place.registry} has it` : null,
    }),
    step("tell", "Show how to take it", [
      announce({ ...tellTaker(facts, [...words, "--digest", "<digest>"], image), digest }),
    ]),
  ];
}

function tellTaker(facts: Facts, words: readonly string[], digest: string): Announce {
  const line = ["i docker_take_local --from", facts.user.name, "--version", requireVersion(facts), ...words].join(" ");
  return announce({ text: `The taker types:\n  ${line}`, data: { digest, line } });
}

type Take = { readonly from?: string | undefined; readonly digest?: string | undefined };
type Source = { readonly digest: string; readonly what: string; readonly bring: readonly ReturnType<typeof cmd>[] };

/** Takes a local image over: from a file, else from the engine that both share, else from the first target registry. */
export function takeLocal(facts: Facts<"engine">, options: Take, handedOver: HandedOver): Step[] {
  const version = requireVersion(facts);
  const mine = engineImage(facts, "local", version);
  const source = findSource(facts, options.from, handedOver);
  if (options.digest !== undefined && options.digest !== source.digest)
    throw new UserError(`${source.what} holds ${source.digest}, not ${options.digest}`, {
      why: "It is not the image that was shared.",
      fix: "Ask who shared it for the line that i docker_share_local printed, and type that",
    });
  const name =
    source.bring.length > 0 && !handedOver.archive ? `${repositoryOf(facts)}@${source.digest}` : source.digest;
  const isMine = facts.engine.images.some(
    ({ reference, digests }) => reference === mine && digests.includes(source.digest),
  );
  return [
    step("take_local", `Take ${source.what} as ${mine}`, [...source.bring, cmd`docker tag ${name} ${mine}`], {
      skip: isMine ? `${mine} is this image` : null,
    }),
    step("tell", "Report what was taken", [
      announce({
        text: `${mine} is ${source.digest}\nTest it: i run_fast_tests --stage local --version ${version}`,
        data: { reference: mine, digest: source.digest },
      }),
    ]),
  ];
}

/** Taking asks before the taker's own tag moves from another image. */
export function asksTake(facts: Facts<"engine">, options: Take, handedOver: HandedOver): string | null {
  const mine = engineImage(facts, "local", facts.version);
  const own = facts.engine.images.find(({ reference }) => reference === mine);
  if (!own || own.digests.includes(findSource(facts, options.from, handedOver).digest)) return null;
  return `Point ${mine}, which is ${own.id}, at another image?`;
}

const repositoryOf = (facts: Facts): string => firstTarget(facts).repository;

function findSource(facts: Facts<"engine">, from: string | undefined, handedOver: HandedOver): Source {
  if (from === undefined || from.trim() === "")
    throw new UserError("nobody was named to take the image from", {
      why: "A local image belongs to a user.",
      fix: "Name them: i docker_take_local --from ann",
    });
  const { archive, inEngine, inRegistry } = handedOver;
  if (archive) return fileSource(facts, archive);
  const version = requireVersion(facts);
  const tag = imageTag("local", from, version);
  if (inEngine) return { digest: inEngine.id, what: `${inEngine.reference} of this engine`, bring: [] };
  if (inRegistry?.state === "found") {
    const what = `${repositoryOf(facts)}:${tag}`;
    return {
      digest: inRegistry.digest,
      what,
      bring: pullOf(facts, `${repositoryOf(facts)}@${inRegistry.digest}`),
    };
  }
  throw new UserError(`neither this engine nor ${facts.targets[0]?.name ?? "a registry"} has ${tag}`, {
    why:
      inRegistry?.state === "unknown"
        ? `The registry does not answer: ${inRegistry.why}.`
        : `${from} has not shared it.`,
    fix: `Let ${from} type: i docker_share_local --version ${version}, or with --file PATH --readable`,
  });
}

function fileSource(facts: Facts<"engine">, archive: Archive): Source {
  assertKeepsDigests(facts);
  const version = requireVersion(facts);
  if (!archive.digest)
    throw new UserError(`"${archive.path}" ${archive.exists ? "holds no image" : "is not there"}`, {
      why: "It is the file that i docker_share_local --file wrote.",
      fix: "Give the path that the giver's command printed",
    });
  if (archive.version !== null && archive.version !== version)
    throw new UserError(`"${archive.path}" holds version ${archive.version}, not ${version}`, {
      why: "An image is taken as the version that it was built as.",
      fix: `Take it as such: --version ${archive.version}`,
    });
  return { digest: archive.digest, what: archive.path, bring: [cmd`docker load --input ${archive.path}`] };
}

/** A file carries the manifest, and the classic store keeps none: what it loads has another digest than what was saved. */
function assertKeepsDigests(facts: Facts<"engine">): void {
  if (facts.engine.store !== "classic") return;
  throw new UserError("this engine's classic image store cannot hand an image over in a file", {
    why: "It keeps an image's config and not its manifest, so that the digest after docker load is another one. By a registry it can.",
    fix: 'Share by a registry, without --file; or set "features": {"containerd-snapshotter": true} in the engine\'s daemon.json',
  });
}

function firstTarget(facts: Facts): Place {
  const [first] = targetPlaces(facts);
  if (first) return first;
  throw new UserError("no registry is configured", {
    why: "Without one an image is handed over in a file.",
    fix: "i docker_share_local --file /tmp/image.tar --readable",
  });
}
