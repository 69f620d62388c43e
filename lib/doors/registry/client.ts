import { assertCanPush } from "./blobs.ts";
import { copyImage } from "./copy.ts";
import { readConfig } from "./image_config.ts";
import { headManifest, listTags, readManifest, writeManifest } from "./manifests.ts";
import { newSession } from "./session.ts";
import type { ClientOptions, RegistryClient } from "./types.ts";

/** Takes the environment, gives a client that remembers logins and verified manifests for as long as it lives. */
export function newClient(options: ClientOptions): RegistryClient {
  const session = newSession(options);
  return {
    head: (repo, reference, more) => headManifest(session, repo, { reference, ...more }),
    manifest: (repo, reference) => readManifest(session, repo, reference),
    putManifest: (repo, reference, more) => writeManifest(session, repo, { reference, ...more }),
    configOf: (repo, digest, platform) =>
      readConfig(session, repo, { digest, ...(platform === undefined ? {} : { platform }) }),
    tags: (repo) => listTags(session, repo),
    assertCanPush: (repo) => assertCanPush(session, repo),
    copy: (job, progress = () => undefined) => copyImage(session, job, progress),
  };
}
