import { pastProxy } from "../../model/oci/address.ts";
import type { Head } from "./patience.ts";
import { within } from "./patience.ts";
import type { Session } from "./session.ts";

/** One HTTP request with a small body or none. */
export type Sending = {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
};
/** An answer read whole; a HEAD's body is empty. */
export type Answer = Head & { readonly body: Uint8Array };

/** Above any manifest or config: registries refuse manifests over 4 MiB (OCI distribution spec, "Pushing Manifests"). */
const largestBody = 16 * 1024 * 1024;

/** Sends one request by fetch without following redirects; throws what fetch throws, and `ETIMEDOUT`. */
export async function send(session: Session, sending: Sending): Promise<Answer> {
  const end = new AbortController();
  const signal = session.signal === undefined ? end.signal : AbortSignal.any([end.signal, session.signal]);
  return await within(session, session.timeouts.answer, fetchWhole(sending, signal)).catch((error: unknown) => {
    end.abort(error);
    throw error;
  });
}

async function fetchWhole({ url, method, headers, body }: Sending, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(url, {
    ...pastProxy(url),
    method,
    redirect: "manual",
    headers: { "user-agent": "slipway", "accept-encoding": "identity", ...headers },
    signal,
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, body: await readWhole(response) };
}

async function readWhole(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream: AsyncIterable<Uint8Array> | null = response.body;
  if (stream === null) return new Uint8Array();
  for await (const part of stream) {
    size += part.length;
    if (size > largestBody) throw new Error(`the answer is larger than ${largestBody} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
