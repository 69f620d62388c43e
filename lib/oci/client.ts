import { capture } from "../doors/shell.ts";
import { apiUrl, type Repository } from "../names/address.ts";
import { jsonOf } from "../text/shape.ts";
import { assertCanPush } from "./blobs.ts";
import { connectionTo } from "./connection.ts";
import { copyImage } from "./copy.ts";
import { readConfig } from "./image_config.ts";
import { loginSource } from "./login.ts";
import { headManifest, listTags, readManifest, writeManifest } from "./manifests.ts";
import { dockerConfigFor, putBlob, readBlob } from "./own_blobs.ts";
import { removeImages } from "./remove.ts";
import { isInsecure } from "./rules/way.ts";
import { newSession, type Session } from "./session.ts";
import type { Access, ClientOptions, RegistryClient } from "./types.ts";

/** Takes the environment, gives a client that remembers logins and verified manifests for as long as it lives. */
export function newClient(options: ClientOptions): RegistryClient {
  const session = newSession(options);
  const at = (repo: Repository) => asEngineSpeaks(session, repo);
  return {
    head: async (repo, reference, more) => headManifest(session, await at(repo), { reference, ...more }),
    manifest: async (repo, reference) => readManifest(session, await at(repo), reference),
    putManifest: async (repo, reference, more) => writeManifest(session, await at(repo), { reference, ...more }),
    configOf: async (repo, digest, platform) =>
      readConfig(session, await at(repo), { digest, ...(platform === undefined ? {} : { platform }) }),
    tags: async (repo) => listTags(session, await at(repo)),
    access: async (repo) => accessTo(session, await at(repo)),
    remove: async (repo, removals) => removeImages(session, await at(repo), removals),
    assertCanPush: async (repo) => assertCanPush(session, await at(repo)),
    putBlob: async (repo, blob) => putBlob(session, await at(repo), blob),
    blob: async (repo, blob) => readBlob(session, await at(repo), blob),
    dockerConfigFor: async (repo) => dockerConfigFor(session, await at(repo)),
    copy: async (job, progress = () => undefined) => {
      const [from, ...to] = await Promise.all([at(job.from), ...job.to.map(at)]);
      return copyImage(session, { ...job, from, to }, progress);
    },
  };
}

async function accessTo(session: Session, repo: Repository): Promise<Access> {
  const { proxy, trust } = await connectionTo(session, { url: apiUrl(repo, ""), repo });
  return {
    proxy: proxy === null ? null : `${proxy.url.host} (${proxy.from})`,
    authorities: trust === null ? null : trust.files,
    certificate: trust?.shown ?? null,
    login: await loginSource(session, repo),
  };
}

/** A repository, in plain http where the engine's own configuration has its registry as insecure; the engine is asked once, and only of hosts that could be. */
async function asEngineSpeaks(session: Session, repo: Repository): Promise<Repository> {
  if (repo.scheme === "http" || repo.kind !== "oci") return repo;
  session.engine ??= askEngine(session);
  return isInsecure(repo.host, await session.engine) ? { ...repo, scheme: "http" } : repo;
}

/** `RegistryConfig` of the engine (Engine API, "SystemInfo"); null where none answers. */
async function askEngine({ env, timeouts }: Session): Promise<unknown> {
  const argv = ["docker", "info", "--format", "{{json .RegistryConfig}}"];
  const signal = AbortSignal.timeout(timeouts.connect);
  return jsonOf((await capture(argv, { cwd: "/", env, apart: true, signal })).stdout);
}
