import type { ClientRequest, IncomingMessage } from "node:http";
import { type Sending, start } from "./connection.ts";
import type { Head } from "./patience.ts";
import { within } from "./patience.ts";
import type { Session } from "./session.ts";

/** An answer read whole; a HEAD's body is empty. */
export type Answer = Head & { readonly body: Uint8Array };

/** An answer whose body is read as it comes. */
export type Streamed = Head & { readonly body: IncomingMessage };

/** A request whose body is written as it goes. */
export type Outgoing = {
  /** Writes one piece and waits until the connection takes more; false when it ended or was answered before its end. */
  readonly write: (chunk: Uint8Array) => Promise<boolean>;
  /** Ends the body, gives the whole answer; throws what ended the connection, or `ETIMEDOUT`. */
  readonly end: () => Promise<Head & { readonly text: string }>;
  readonly destroy: () => void;
};

/** Above any manifest or config: registries refuse manifests over 4 MiB (OCI distribution spec, "Pushing Manifests"). */
const largestManifest = 16 * 1024 * 1024;

const headOf = (message: IncomingMessage): Head => ({
  status: message.statusCode ?? 0,
  headers: {
    get: (name) => {
      const value = message.headers[name];
      return typeof value === "string" ? value : null;
    },
  },
});

/** Sends one request and reads its answer whole, up to so many bytes; throws RegistryError, network errors, and `ETIMEDOUT`. */
export async function send(session: Session, sending: Sending, largest = largestManifest): Promise<Answer> {
  const { outgoing, answered } = await start(session, sending);
  outgoing.end(sending.body);
  const whole = answered.then(async (message) => ({ ...headOf(message), body: await readWhole(message, largest) }));
  return await within(session, sending.answer ?? session.timeouts.answer, whole).catch((error: unknown) => {
    outgoing.destroy();
    throw error;
  });
}

async function readWhole(message: IncomingMessage, largest: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of message) {
    size += part.length;
    if (size > largest) throw new Error(`the answer is larger than ${largest} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Sends a GET, gives the answer with its body still to be read; throws as `send` does. */
export async function open(session: Session, sending: Sending): Promise<Streamed> {
  const { outgoing, answered } = await start(session, sending);
  outgoing.end();
  const body = await within(session, session.timeouts.answer, answered).catch((error: unknown) => {
    outgoing.destroy();
    throw error;
  });
  // An error after this point reaches the reader of the body.
  body.on("error", () => undefined);
  return { ...headOf(body), body, discard: () => body.destroy() };
}

/** Starts a request whose body follows; `content-length` is in its headers. */
export async function startUpload(session: Session, sending: Sending): Promise<Outgoing> {
  const { outgoing, answered } = await start(session, sending);
  const { idle, answer } = session.timeouts;
  const waiting = watch(outgoing, answered);
  return {
    write: async (chunk) => {
      if (waiting.ended()) return false;
      if (!outgoing.write(chunk)) await within(session, idle, waiting.moved());
      return !waiting.ended();
    },
    end: async () => {
      if (!waiting.ended()) outgoing.end();
      // A registry may hash and store a large blob before it answers.
      const message = await within(session, Math.max(answer, 5 * idle), answered);
      const text = await within(session, answer, textOf(message));
      // Answered before its end: what it still waits to send would hold the connection.
      if (!outgoing.writableEnded) outgoing.destroy();
      return { ...headOf(message), text };
    },
    destroy: () => outgoing.destroy(),
  };
}

/** One waiter at a time instead of a race per chunk: a race would hold memory for as long as the answer is out. */
function watch(outgoing: ClientRequest, answered: Promise<IncomingMessage>) {
  let ended = false;
  let wake: () => void = () => undefined;
  const over = () => {
    ended = true;
    wake();
  };
  answered.then(over, over);
  outgoing.on("drain", () => wake());
  const moved = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return { ended: () => ended, moved };
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of message) text = `${text}${chunk}`.slice(0, 65_536);
  return text;
}
