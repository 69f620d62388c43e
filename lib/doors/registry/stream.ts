import type { ClientRequest, IncomingMessage } from "node:http";
import type { Head } from "./patience.ts";
import { within } from "./patience.ts";
import type { Sending } from "./send.ts";
import type { Session } from "./session.ts";

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

async function transportFor(url: URL) {
  return url.protocol === "http:" ? await import("node:http") : await import("node:https");
}

const headersOf = (message: IncomingMessage) => ({
  get: (name: string): string | null => {
    const value = message.headers[name];
    return typeof value === "string" ? value : null;
  },
});

const requestOptions = (session: Session, { method, headers }: Sending) => ({
  method,
  headers: { "user-agent": "slipway", "accept-encoding": "identity", ...headers },
  ...(session.signal === undefined ? {} : { signal: session.signal }),
});

/** Sends a GET by node:http(s), gives the answer with its body still to be read; throws network errors. */
export async function open(session: Session, sending: Sending): Promise<Streamed> {
  const { request } = await transportFor(sending.url);
  const outgoing = request(sending.url, requestOptions(session, sending));
  outgoing.end();
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
  });
  const body = await within(session, session.timeouts.answer, answered).catch((error: unknown) => {
    outgoing.destroy();
    throw error;
  });
  // An error after this point reaches the reader of the body.
  body.on("error", () => undefined);
  return { status: body.statusCode ?? 0, headers: headersOf(body), body, discard: () => body.destroy() };
}

/** Starts a request whose body follows; `content-length` is in its headers. */
export async function startUpload(session: Session, sending: Sending): Promise<Outgoing> {
  const { request } = await transportFor(sending.url);
  const outgoing = request(sending.url, requestOptions(session, sending));
  const { idle, answer } = session.timeouts;
  const waiting = watch(outgoing);
  return {
    write: async (chunk) => {
      if (waiting.ended()) return false;
      if (!outgoing.write(chunk)) await within(session, idle, waiting.moved());
      return !waiting.ended();
    },
    end: async () => {
      if (!waiting.ended()) outgoing.end();
      // A registry may hash and store a large blob before it answers.
      const message = await within(session, Math.max(answer, 5 * idle), waiting.answered);
      return { status: message.statusCode ?? 0, headers: headersOf(message), text: await textOf(message) };
    },
    destroy: () => outgoing.destroy(),
  };
}

/** One waiter at a time instead of a race per chunk: a race would hold memory for as long as the answer is out. */
function watch(outgoing: ClientRequest) {
  let ended = false;
  let wake: () => void = () => undefined;
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
    outgoing.on("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  });
  const over = () => {
    ended = true;
    wake();
  };
  // Whoever ends the body sees the failure; until then it is nobody's.
  answered.then(over, over);
  outgoing.on("drain", () => wake());
  const moved = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return { answered, ended: () => ended, moved };
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of message) text = `${text}${chunk}`.slice(0, 65_536);
  return text;
}
