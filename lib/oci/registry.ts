import type { ClientOptions, RegistryClient } from "./types.ts";

export type { Repository } from "../names/address.ts";
export { repositoryOf } from "../names/address.ts";
export type { Access, CopyEvent, Manifest, RegistryClient } from "./types.ts";

/** Takes the environment, gives a client for all registries; the code behind it is loaded with the first question. */
export function registryClient(options: ClientOptions): RegistryClient {
  let loaded: Promise<RegistryClient> | null = null;
  const client = () => {
    loaded ??= import("./client.ts").then(({ newClient }) => newClient(options));
    return loaded;
  };
  return {
    head: async (...asked) => (await client()).head(...asked),
    manifest: async (...asked) => (await client()).manifest(...asked),
    putManifest: async (...asked) => (await client()).putManifest(...asked),
    configOf: async (...asked) => (await client()).configOf(...asked),
    tags: async (...asked) => (await client()).tags(...asked),
    access: async (...asked) => (await client()).access(...asked),
    remove: async (...asked) => (await client()).remove(...asked),
    assertCanPush: async (...asked) => (await client()).assertCanPush(...asked),
    putBlob: async (...asked) => (await client()).putBlob(...asked),
    blob: async (...asked) => (await client()).blob(...asked),
    dockerConfigFor: async (...asked) => (await client()).dockerConfigFor(...asked),
    copy: async (...asked) => (await client()).copy(...asked),
  };
}
