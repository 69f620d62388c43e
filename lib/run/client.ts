import { interruption, runOver } from "../doors/interrupt.ts";
import { type Manifest, type RegistryClient, registryClient } from "../oci/registry.ts";

let shared: { readonly run: AbortSignal; readonly client: RegistryClient } | undefined;

/** The one registry client of a run: planning and running share its tokens and the manifests it has read. */
export function sharedClient(env: Readonly<Record<string, string | undefined>>): RegistryClient {
  const run = runOver();
  if (shared?.run === run) return shared.client;
  const signal = AbortSignal.any([interruption(), run]);
  shared = { run, client: remembering(registryClient({ env, signal })) };
  return shared.client;
}

/** A manifest never changes under its digest, so it is read once. */
function remembering(client: RegistryClient): RegistryClient {
  const read = new Map<string, Manifest>();
  return {
    ...client,
    async manifest(repo, reference) {
      const known = read.get(`${repo.reference}@${reference}`);
      if (known) return known;
      const manifest = await client.manifest(repo, reference);
      if (manifest) read.set(`${repo.reference}@${manifest.digest}`, manifest);
      return manifest;
    },
  };
}
