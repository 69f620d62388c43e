import type { Hash } from "node:crypto";
import type { Repository } from "../names/address.ts";
import { fixOf, RegistryError } from "./rules/failure.ts";

/** Gives a fresh sha256. */
export async function sha256(): Promise<Hash> {
  const { createHash } = await import("node:crypto");
  return createHash("sha256");
}

/** Takes bytes, gives their digest (OCI image spec, "Digests"). */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  return `sha256:${(await sha256()).update(bytes).digest("hex")}`;
}

/** Gives the error for bytes that are not what they should be. */
export function broken(repo: Repository, reference: string, why: string): RegistryError {
  return new RegistryError(`${repo.registry} gave something false for ${nameOf(repo, reference)}`, {
    registry: repo.registry,
    reason: "broken",
    why,
    fix: fixOf("broken", repo.registry),
  });
}

/** Gives the error for a manifest that is not there. */
export function missing(repo: Repository, reference: string): RegistryError {
  return new RegistryError(`${repo.registry} has no ${nameOf(repo, reference)}`, {
    registry: repo.registry,
    reason: "not_found",
    why: "It was asked for this manifest and answered 404.",
    fix: `i release_status shows what each registry holds.`,
  });
}

/** Takes a repository and a tag or digest, gives how the docker CLI writes it. */
export const nameOf = (repo: Repository, reference: string): string =>
  `${repo.reference}${reference.includes(":") ? "@" : ":"}${reference}`;
