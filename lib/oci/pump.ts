import type { Repository } from "../names/address.ts";
import { broken, sha256 } from "./digest.ts";
import type { Streamed } from "./http.ts";
import { within } from "./patience.ts";
import type { Descriptor } from "./rules/copy_plan.ts";
import type { Session } from "./session.ts";
import type { Sink } from "./sink.ts";

/** A blob being read, and who hears how far it is. */
export type Source = {
  readonly repo: Repository;
  readonly blob: Descriptor;
  readonly stream: Streamed;
  readonly onBytes: (bytes: number) => void;
};

/**
 * Reads a blob once and writes it to every sink, as fast as the slowest takes it. The last chunk goes out only after
 * size and sha256 are right, so that no registry ever holds a whole false blob. Gives what failed, by sink; a failing
 * sink does not stop the others. Throws what went wrong with the source: RegistryError `broken` or a network error.
 */
export async function pump(session: Session, source: Source, sinks: readonly Sink[]): Promise<Map<Sink, unknown>> {
  const failed = new Map<Sink, unknown>();
  const ended = new Set<Sink>();
  const live = () => sinks.filter((sink) => !ended.has(sink));
  const end = async (sink: Sink, work: () => Promise<unknown>) => {
    ended.add(sink);
    await work().catch((error: unknown) => failed.set(sink, error));
  };
  const writeOne = async (sink: Sink, chunk: Uint8Array) => {
    try {
      if (!(await sink.write(chunk))) await end(sink, sink.finish);
    } catch (error) {
      await end(sink, () => Promise.reject(error));
    }
  };
  try {
    const { body } = source.stream;
    await readChecked(session, source, async (chunk) => {
      await Promise.all(live().map((sink) => writeOne(sink, chunk)));
      if (live().length === 0) body.destroy();
      return live().length > 0;
    });
    await Promise.all(live().map((sink) => end(sink, sink.finish)));
    return failed;
  } finally {
    source.stream.body.destroy();
    for (const sink of sinks) if (failed.has(sink) || !ended.has(sink)) sink.destroy();
  }
}

/** A source that gave less than the whole blob and called it all: none of it is to be trusted. */
export class ShortError extends Error {
  readonly code = "ECONNRESET";
}

async function readChecked(session: Session, source: Source, each: (chunk: Uint8Array) => Promise<boolean>) {
  const { blob, repo, stream } = source;
  const hash = await sha256();
  const chunks: AsyncIterator<Uint8Array> = stream.body[Symbol.asyncIterator]();
  let size = 0;
  let last: Uint8Array | null = null;
  for (;;) {
    const next = await within(session, session.timeouts.idle, chunks.next());
    if (next.done) break;
    size += next.value.length;
    if (size > blob.size) throw broken(repo, blob.digest, `More than its ${blob.size} bytes came.`);
    hash.update(next.value);
    source.onBytes(next.value.length);
    if (last !== null && !(await each(last))) return;
    last = next.value;
  }
  if (size < blob.size) throw new ShortError();
  const digest = `sha256:${hash.digest("hex")}`;
  if (digest !== blob.digest) throw broken(repo, blob.digest, `The bytes that came are ${digest}.`);
  if (last !== null) await each(last);
}
