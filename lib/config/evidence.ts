import type { Descriptor } from "../oci/rules/copy_plan.ts";
import { isDigest } from "../oci/rules/copy_plan.ts";
import { type Check, fits, isNode, jsonOf, orNull, type Shape, whole, word } from "../text/shape.ts";

/**
 * What a run of a test list leaves, wherever it ran: one OCI artifact whose `subject` is the image that was tested (OCI image
 * spec, "Image Manifest"; distribution spec, "Listing Referrers"). How it ended is its config, its files are its layers.
 */
export type Evidence = {
  readonly slipway: 1;
  /** Tells this run from all others. */
  readonly run: string;
  readonly dir: string;
  readonly list: string;
  /** The digest of the image; null where the engine knows it by none. */
  readonly image: string | null;
  /** The mounted code and its tree; null where it was no commit, or is part of the image. */
  readonly commit: string | null;
  readonly tree: string | null;
  readonly exitCode: number;
  /** Whether the command itself ran to its end; an image's entrypoint may end without it. */
  readonly ran: boolean;
  /** How often it failed before it passed. */
  readonly failedRuns: number;
  readonly milliseconds: number;
};

const counted: Check = (value) => whole(value) && Number(value) >= 0;
const exit: Check = (value) => counted(value) && Number(value) < 256;
const shape: Shape<Evidence> = {
  slipway: (value) => value === 1,
  run: word,
  dir: word,
  list: word,
  image: orNull((value) => typeof value === "string" && isDigest(value)),
  commit: orNull(word),
  tree: orNull(word),
  exitCode: exit,
  ran: (value) => typeof value === "boolean",
  failedRuns: counted,
  milliseconds: counted,
};

export const artifactType = "application/vnd.slipway.tests.v1";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.slipway.tests.config.v1+json";
/** The files in their order; a larger one is none that tests write, and is not taken. */
export const evidenceFiles = [
  { name: "junit.xml", mediaType: "application/vnd.slipway.tests.junit.v1+xml", most: 64 * 2 ** 20 },
  { name: "coverage.data", mediaType: "application/vnd.slipway.tests.coverage.v1", most: 256 * 2 ** 20 },
  { name: "output.log", mediaType: "text/plain", most: 16 * 2 ** 20 },
] as const;
export type EvidenceFile = (typeof evidenceFiles)[number]["name"];
/** The config is a few lines. */
const mostConfig = 64 * 2 ** 10;

type Sized = Pick<Descriptor, "digest" | "size">;
export type EvidenceParts = {
  readonly config: Sized;
  readonly files: Readonly<Partial<Record<EvidenceFile, Sized>>>;
  /** The manifest that was tested, as its registry has it. */
  readonly subject: Pick<Descriptor, "mediaType" | "digest" | "size"> | null;
  /** What only who started the run could add: a code over the manifest without it (`RFC 2104`). */
  readonly proof: string | null;
};

const title = "org.opencontainers.image.title";
const proofKey = "dev.slipway.proof";

/** The text of the artifact's manifest: the same parts always make the same. */
export function renderEvidence({ config, files, subject, proof }: EvidenceParts): string {
  const layers = evidenceFiles.flatMap(({ name, mediaType }) => {
    const file = files[name];
    return file ? [{ mediaType, digest: file.digest, size: file.size, annotations: { [title]: name } }] : [];
  });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType,
    config: { mediaType: configType, digest: config.digest, size: config.size },
    layers,
    ...(subject ? { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size } } : {}),
    ...(proof === null ? {} : { annotations: { [proofKey]: proof } }),
  });
}

/**
 * The parts of a manifest that Slipway wrote; throws a plain Error that says what is wrong with any other. Whatever it holds
 * beside what is read would make another text, and is refused.
 */
export function parseEvidence(manifest: string): EvidenceParts {
  const json = jsonOf(manifest);
  if (!isNode(json)) throw new Error("its manifest is no JSON object");
  if (json["artifactType"] !== artifactType) throw new Error("it is no artifact of test evidence");
  const { layers, subject, annotations } = json;
  const files: Partial<Record<EvidenceFile, Sized>> = {};
  for (const layer of Array.isArray(layers) ? layers : []) {
    const file = evidenceFiles.find(({ mediaType }) => isNode(layer) && layer["mediaType"] === mediaType);
    if (!file) throw new Error("it has a file that is none of evidence");
    files[file.name] = sized(layer, file.name, file.most);
  }
  const proof = isNode(annotations) ? annotations[proofKey] : null;
  const parts: EvidenceParts = {
    config: sized(json["config"], "its config", mostConfig),
    files,
    subject: isNode(subject) ? { mediaType: String(subject["mediaType"]), ...sized(subject, "its subject") } : null,
    proof: typeof proof === "string" ? proof : null,
  };
  if (renderEvidence(parts) !== manifest) throw new Error("its manifest is not as Slipway writes it");
  return parts;
}

function sized(value: unknown, what: string, most = Number.MAX_SAFE_INTEGER): Sized {
  const { digest, size } = isNode(value) ? value : {};
  if (typeof digest !== "string" || !isDigest(digest)) throw new Error(`${what} has no sha256 digest`);
  if (!counted(size)) throw new Error(`${what} has no size`);
  if (Number(size) > most) throw new Error(`${what} has ${Number(size)} bytes, and at most ${most} are taken`);
  return { digest, size: Number(size) };
}

/** The config as text, and back; throws a plain Error that says what is wrong with it. */
export const renderEvidenceConfig = (evidence: Evidence): string => JSON.stringify(evidence);
export function parseEvidenceConfig(config: string): Evidence {
  const json = jsonOf(config);
  if (fits<Evidence>(json, shape)) return json;
  const field = Object.entries<Check>(shape).find(([name, check]) => !isNode(json) || !check(json[name]))?.[0];
  throw new Error(`"${field}" of its config is not what it has to be`);
}

/** What a run was asked for, which its evidence has to be of. */
export type Expected = Pick<Evidence, "run" | "dir" | "list" | "image" | "commit" | "tree">;

/** The first thing in which evidence is of something else; undefined where it is what was asked for. */
export function otherThan(evidence: Evidence, expected: Expected): string | undefined {
  const names = ["run", "dir", "list", "image", "commit", "tree"] as const;
  const name = names.find((one) => evidence[one] !== expected[one]);
  return name && `its ${name} is ${evidence[name] ?? "none"}, and ${expected[name] ?? "none"} was asked for`;
}

/** The last part of a log of which so much is kept. */
export function lastOf(log: Buffer, most: number): Buffer {
  if (log.length <= most) return log;
  const told = Buffer.from("... what came before is left out\n");
  return Buffer.concat([told, log.subarray(log.length - most + told.length)]);
}

/** The file of an OCI layout that says that it is one, and its index (OCI image spec, "Image Layout"). */
export const layoutFile = JSON.stringify({ imageLayoutVersion: "1.0.0" });
export const layoutIndex = (manifest: Sized, list: string): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: manifestType,
        artifactType,
        ...manifest,
        annotations: { "org.opencontainers.image.ref.name": list },
      },
    ],
  });
export { manifestType as evidenceType };
