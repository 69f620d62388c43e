import type { Repository } from "../names/address.ts";
import { hasBlob, mount, openBlob, openUpload } from "./blobs.ts";
import { broken, digestOf } from "./digest.ts";
import { currentCredentials } from "./login.ts";
import { within } from "./patience.ts";
import type { Descriptor } from "./rules/copy_plan.ts";
import type { Session } from "./session.ts";
import { sinkOf } from "./sink.ts";
import type { OwnBlob } from "./types.ts";

/** Brings a blob of this machine to a repository that lacks it: mounted from another one of its registry, else uploaded. */
export async function putBlob(session: Session, repo: Repository, { blob, from, read }: OwnBlob): Promise<void> {
  if (await hasBlob(session, repo, blob.digest)) return;
  const opened = from === null ? null : await mount(session, repo, { digest: blob.digest, from: from.path });
  if (opened === "mounted") return;
  const sink = sinkOf(session, { repo, blob, location: opened ?? (await openUpload(session, repo)), held: 0 });
  try {
    for await (const chunk of read()) if (!(await sink.write(chunk))) break;
    await sink.finish();
  } catch (error) {
    sink.destroy();
    throw error;
  }
}

/** The bytes of a blob, as large as was said and with its digest; throws RegistryError where they are not. */
export async function readBlob(session: Session, repo: Repository, blob: Descriptor): Promise<Uint8Array> {
  const { body } = await openBlob(session, repo, blob);
  try {
    const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
    const parts: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const next = await within(session, session.timeouts.idle, chunks.next());
      if (next.done) break;
      size += next.value.length;
      if (size > blob.size) throw broken(repo, blob.digest, `More than its ${blob.size} bytes came.`);
      parts.push(next.value);
    }
    const whole = Buffer.concat(parts);
    const digest = await digestOf(whole);
    if (size !== blob.size || digest !== blob.digest)
      throw broken(repo, blob.digest, `The ${size} bytes that came are ${digest}.`);
    return whole;
  } finally {
    body.destroy();
  }
}

/** The login as Docker's configuration holds it, for a program that pushes to this registry elsewhere; null without one. */
export async function dockerConfigFor(session: Session, repo: Repository): Promise<string | null> {
  const credentials = await currentCredentials(session, repo);
  if (credentials === null) return null;
  const login =
    credentials.type === "identity"
      ? { identitytoken: credentials.token }
      : { auth: Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64") };
  return JSON.stringify({ auths: { [keyOf(repo)]: login } });
}

/** Docker Hub's own key is an address (docker/cli, "IndexServer"). */
const keyOf = ({ host }: Repository): string =>
  host === "registry-1.docker.io" ? "https://index.docker.io/v1/" : host;
