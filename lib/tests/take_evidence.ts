import { createHmac, timingSafeEqual } from "node:crypto";
import {
  type Evidence,
  type EvidenceFile,
  type EvidenceParts,
  type Expected,
  evidenceFiles,
  otherThan,
  parseEvidence,
  parseEvidenceConfig,
  renderEvidence,
} from "../config/evidence.ts";
import { UserError } from "../errors.ts";
import type { RegistryClient, Repository } from "../oci/registry.ts";
import { RegistryError } from "../oci/rules/failure.ts";

/** What a run left, and the bytes of its files. */
export type Taken = {
  readonly evidence: Evidence;
  readonly files: Readonly<Partial<Record<EvidenceFile, Uint8Array>>>;
};
export type Wanted = {
  readonly repo: Repository;
  readonly of: Expected;
  /** What only who started the run, and its own container, know. */
  readonly key: string;
  /** What ran, in words. */
  readonly does: string;
};

/** Takes evidence out of a registry by its digest; what is not of this run, or not as its run left it, is refused. */
export async function takeEvidence(
  client: Pick<RegistryClient, "manifest" | "blob">,
  wanted: Wanted,
  digest: string,
): Promise<Taken> {
  const { repo } = wanted;
  try {
    const manifest = await client.manifest(repo, digest);
    if (manifest === null) throw new Error("its manifest is not there");
    const parts = parseEvidence(textOf(manifest.bytes));
    assertProven(wanted, parts);
    const read = (blob: EvidenceParts["config"]) => client.blob(repo, { mediaType: "", ...blob });
    const evidence = parseEvidenceConfig(textOf(await read(parts.config)));
    const other = otherThan(evidence, wanted.of);
    if (other !== undefined) throw new Error(other);
    const files: Partial<Record<EvidenceFile, Uint8Array>> = {};
    for (const { name } of evidenceFiles) {
      const file = parts.files[name];
      if (file) files[name] = await read(file);
    }
    return { evidence, files };
  } catch (error) {
    if (error instanceof RegistryError && ["broken", "not_found"].includes(error.reason))
      throw falsified(wanted, `${error.message}: ${error.why}`);
    if (error instanceof UserError || !(error instanceof Error)) throw error;
    throw falsified(wanted, `${error.message}.`);
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder("utf8", { fatal: true }).decode(bytes);

/** The code over a manifest that has none yet (RFC 2104). */
export const proofOf = (key: string, parts: Omit<EvidenceParts, "proof">): string =>
  createHmac("sha256", key)
    .update(renderEvidence({ ...parts, proof: null }))
    .digest("hex");

function assertProven({ key, of }: Wanted, { proof, ...parts }: EvidenceParts): void {
  const own = Buffer.from(proofOf(key, parts), "hex");
  const given = Buffer.from(proof ?? "", "hex");
  if (given.length !== own.length || !timingSafeEqual(given, own)) throw new Error("it lacks the proof of this run");
  if (parts.subject?.digest !== of.image) throw new Error(`its subject is ${parts.subject?.digest ?? "none"}`);
}

const falsified = ({ does }: Wanted, why: string): UserError =>
  new UserError(`the evidence of ${does} is not what its run left`, {
    why: `${why[0]?.toUpperCase()}${why.slice(1)}`,
    fix: "See who pushes to the registry, then run the same command again",
    exitCode: 125,
    kind: "cluster",
  });
