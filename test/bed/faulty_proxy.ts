import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { createServer, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { freeAddress } from "./registry.ts";

/** One request on its way to a registry. */
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** Of the body, as the client tells it. */
  readonly bytes: number;
  /** The body of a request for a token, empty for all others. */
  readonly form: URLSearchParams;
  /** How often the fault of this image struck before. */
  readonly fired: number;
  /** The proxy's own address, as the client knows it. */
  readonly address: string;
};
/** An answer of the registry, before the client has it. */
export type Answer = { readonly status: number; readonly headers: Headers_; readonly body: Buffer };
type Headers_ = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * What happens to one request; null lets it pass, and strikes nobody. What is `aside` is no strike of the fault: it
 * belongs to the registry, as its login does, or follows from a strike before.
 */
export type Verdict =
  | {
      readonly kind: "reply";
      readonly aside?: true;
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The connection ends, and the registry has seen nothing. */
  | { readonly kind: "reset"; readonly aside?: true }
  /**
   * So many bytes of the body reach the registry, then both connections end; a body that is no longer passes whole. With
   * `kept` they come as a PATCH of their own, which the registry keeps; it is told how that was answered.
   */
  | { readonly kind: "cut"; readonly after: number; readonly kept?: (answer: Answer) => void }
  /** The registry does it, and the connection ends instead of an answer. */
  | { readonly kind: "lose" }
  /** The answer says how long it is, and its second half never comes. */
  | { readonly kind: "truncate" }
  /** An answer that is given back as it came is no strike. */
  | { readonly kind: "change"; readonly change: (answer: Answer) => Answer | Promise<Answer> }
  /** The registry does it and answers, and what it does has consequences by the fault. */
  | { readonly kind: "count" }
  /** Bytes a second, both ways. */
  | { readonly kind: "slow"; readonly rate: number };
export type Fault = (asked: Asked) => Verdict | null;

/** A proxy before a registry that does to each image what its own fault says. */
export type FaultyProxy = {
  readonly address: string;
  /** Sets the fault of an image, which has not struck yet; null ends it. */
  readonly fault: (image: string, fault: Fault | null) => void;
  /** How often the last fault of an image did to a request what it is there for. */
  readonly fired: (image: string) => number;
  readonly stop: () => Promise<void>;
};

/** The image a request is about: in its path, or in the scopes of a request for a token, the one to push before others. */
function imageOf({ path, query, form }: Pick<Asked, "path" | "query" | "form">): string {
  const scopes = [...query.getAll("scope"), ...form.getAll("scope")].join(" ").split(" ");
  const scope = scopes.find((one) => one.includes("push")) ?? scopes.at(-1) ?? "";
  return /^\/v2\/([^/]+)\//.exec(path)?.[1] ?? /^repository:([^:]+):/.exec(scope)?.[1] ?? "";
}

/** Starts it on an address of its own. Blobs are never mounted from other images, so that each is really sent. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const address = await freeAddress();
  const [host = "", port = ""] = address.split(":");
  const faults = new Map<string, Fault>();
  const fired = new Map<string, number>();
  const turnOf = async (incoming: IncomingMessage): Promise<Turn> => {
    const url = new URL(incoming.url ?? "/", "http://proxy");
    url.searchParams.delete("mount");
    const { method = "", headers } = incoming;
    const { pathname: path, searchParams: query } = url;
    const form = new URLSearchParams(path === "/token" ? (await read(incoming)).body.toString() : "");
    const image = imageOf({ path, query, form });
    const bytes = Number(headers["content-length"] ?? 0);
    const known = { method, path, query, authorization: headers.authorization, bytes, form, address };
    const asked = { ...known, fired: fired.get(image) ?? 0 };
    const strike = () => void fired.set(image, (fired.get(image) ?? 0) + 1);
    return { target, url, asked, strike, verdict: faults.get(image)?.(asked) ?? null };
  };
  const server = createServer((incoming, outgoing) => {
    turnOf(incoming)
      .then((turn) => serve(turn, [incoming, outgoing]))
      .catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  return {
    address,
    fault: (image, fault) => {
      if (!fault) return void faults.delete(image);
      faults.set(image, fault);
      fired.delete(image);
    },
    fired: (image) => fired.get(image) ?? 0,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Turn = {
  readonly target: string;
  readonly url: URL;
  readonly verdict: Verdict | null;
  readonly asked: Asked;
  /** Called where the verdict did what it says. */
  readonly strike: () => void;
};
type Ends = readonly [IncomingMessage, ServerResponse];

async function serve(turn: Turn, [incoming, outgoing]: Ends): Promise<void> {
  const { verdict, strike } = turn;
  const isOwn = verdict?.kind === "reset" || verdict?.kind === "reply";
  if (isOwn && !verdict.aside) strike();
  if (verdict?.kind === "reset") return void incoming.socket.destroy();
  if (verdict?.kind === "reply") {
    await read(incoming);
    return void outgoing.writeHead(verdict.status, { ...verdict.headers }).end(verdict.body ?? "");
  }
  const sent = await read(incoming, verdict?.kind === "cut" ? verdict.after : Number.POSITIVE_INFINITY);
  if (verdict?.kind === "slow") await pause((sent.body.length / verdict.rate) * 1000);
  const answer = await forward(turn, incoming, sent);
  if (!sent.isWhole || verdict?.kind === "lose") {
    strike();
    return void incoming.socket.destroy();
  }
  await answerBy(turn, answer, outgoing);
}

/** Hands the registry's answer on, as the verdict has it. */
async function answerBy({ verdict, asked, strike }: Turn, answer: Answer, outgoing: ServerResponse): Promise<void> {
  const changed = verdict?.kind === "change" ? await verdict.change(answer) : answer;
  const length = asked.method === "HEAD" ? {} : { "content-length": String(changed.body.length) };
  outgoing.writeHead(changed.status, { ...without(changed.headers), ...length } as Record<string, string>);
  if (verdict?.kind === "truncate" && changed.body.length > 1) {
    strike();
    outgoing.write(changed.body.subarray(0, changed.body.length / 2));
    await pause(50);
    return void outgoing.destroy();
  }
  if (changed !== answer || verdict?.kind === "slow" || verdict?.kind === "count") strike();
  await trickle(outgoing, changed.body, verdict?.kind === "slow" ? verdict.rate : null);
  outgoing.end();
}

const without = ({ "transfer-encoding": _, ...headers }: Headers_): Headers_ => headers;

type Sent = { readonly body: Buffer; readonly isWhole: boolean };

/** Reads a body to its end, or so many bytes of a longer one. */
async function read(incoming: IncomingMessage, limit = Number.POSITIVE_INFINITY): Promise<Sent> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > limit) break;
  }
  return { body: Buffer.concat(parts).subarray(0, limit), isWhole: size <= limit };
}

/** Sends the request on under the proxy's name, so that what the registry points to comes here again. */
async function forward(turn: Turn, incoming: IncomingMessage, sent: Sent): Promise<Answer> {
  const { asked, url, verdict } = turn;
  const headers = { ...incoming.headers, host: asked.address };
  if (sent.isWhole) return answerTo(onward(turn, asked.method, { url, headers }), sent.body);
  if (verdict?.kind !== "cut" || !verdict.kept) return cutOff(onward(turn, asked.method, { url, headers }), sent.body);
  const upload = new URL(url);
  upload.searchParams.delete("digest");
  const patch = { ...headers, "content-length": String(sent.body.length) };
  const kept = await answerTo(onward(turn, "PATCH", { url: upload, headers: patch }), sent.body);
  verdict.kept(kept);
  return kept;
}

type Onward = { readonly url: URL; readonly headers: OutgoingHttpHeaders };
const onward = ({ target }: Turn, method: string, { url, headers }: Onward): ClientRequest =>
  request(`http://${target}${url.pathname}${url.search}`, { method, headers });

async function answerTo(asking: ClientRequest, body: Buffer): Promise<Answer> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asking.on("response", resolve).on("error", reject);
  });
  asking.end(body);
  const response = await answered;
  const parts: Buffer[] = [];
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
  return { status: response.statusCode ?? 500, headers: response.headers, body: Buffer.concat(parts) };
}

/** Begins a body, lets it reach the registry, and ends the connection; an answer to that says nothing. */
async function cutOff(asking: ClientRequest, body: Buffer): Promise<Answer> {
  const ended = new Promise((resolve) => asking.on("close", resolve).on("error", resolve));
  asking.on("response", (response) => response.resume());
  asking.write(body);
  await pause(100);
  asking.destroy();
  await ended;
  return { status: 0, headers: {}, body: Buffer.alloc(0) };
}

async function trickle(outgoing: ServerResponse, body: Buffer, rate: number | null): Promise<void> {
  if (rate === null) return void outgoing.write(body);
  for (let at = 0; at < body.length; at += rate / 4) {
    outgoing.write(body.subarray(at, at + rate / 4));
    await pause(250);
  }
}
