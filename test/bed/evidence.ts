import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Evidence,
  type EvidenceFile,
  type EvidenceParts,
  evidenceFiles,
  parseEvidence,
  parseEvidenceConfig,
} from "../../lib/config/evidence.ts";

/** Evidence as it is read back: each of its blobs has the digest that it is named by. */
export type ReadEvidence = Evidence & {
  readonly parts: EvidenceParts;
  readonly files: Readonly<Partial<Record<EvidenceFile, string>>>;
};

/** Gives the bytes that are stored under a digest. */
type Store = (digest: string) => Promise<Buffer> | Buffer;

/** Reads evidence out of a store, by the digest of its manifest. */
export async function readEvidence(store: Store, manifest: string): Promise<ReadEvidence> {
  const checked = async ({ digest, size }: { readonly digest: string; readonly size?: number }): Promise<string> => {
    const bytes = await store(digest);
    const found = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    if (found !== digest || (size ?? bytes.length) !== bytes.length) throw new Error(`${digest} is ${found}`);
    return bytes.toString();
  };
  const parts = parseEvidence(await checked({ digest: manifest }));
  const files: Partial<Record<EvidenceFile, string>> = {};
  for (const { name } of evidenceFiles) {
    const file = parts.files[name];
    if (file) files[name] = await checked(file);
  }
  return { ...parseEvidenceConfig(await checked(parts.config)), parts, files };
}

/** The evidence that a run on this machine left for a list of an image; null where it left none. */
export async function localEvidence(repo: string, image: string, list: string): Promise<ReadEvidence | null> {
  const layout = join(repo, ".git/slipway/reports", image, "evidence", list);
  if (!existsSync(layout)) return null;
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  const [first] = index.manifests;
  return readEvidence((digest) => readFileSync(join(layout, "blobs", digest.replace(":", "/"))), first?.digest ?? "");
}
