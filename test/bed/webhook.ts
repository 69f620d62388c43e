import { createServer, type ServerResponse } from "node:http";
import { freeAddress } from "./registry.ts";

/** How a webhook answers a message; `late` never. */
export type Answer =
  | { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> }
  | "late";
/** A channel on loopback: it keeps what was posted and answers as it is told, then with 200. */
export type Webhook = {
  readonly url: string;
  /** The part of the address that nobody may see. */
  readonly secret: string;
  readonly texts: readonly string[];
  readonly answer: (...answers: readonly Answer[]) => void;
  /** Keeps the next message waiting: `comes` when it is there, until `go` answers it. */
  readonly hold: () => { readonly comes: Promise<void>; readonly go: () => void };
  readonly stop: () => Promise<void>;
};

/** Starts one on an address of its own. */
export async function startWebhook(): Promise<Webhook> {
  const [host = "", port = ""] = (await freeAddress()).split(":");
  const secret = `planted${crypto.randomUUID().replaceAll("-", "")}`;
  const texts: string[] = [];
  let answers: readonly Answer[] = [];
  let held: { readonly come: () => void; readonly gone: Promise<void> } | null = null;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", async () => {
      texts.push((JSON.parse(Buffer.concat(parts).toString("utf8")) as { text: string }).text);
      const waits = held;
      held = null;
      waits?.come();
      await waits?.gone;
      const [next = { status: 200, body: "ok" }, ...rest] = answers;
      answers = rest;
      send(response, next);
    });
  });
  await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  return {
    url: `http://${host}:${port}/services/T00/${secret}`,
    secret,
    texts,
    answer: (...next) => {
      texts.length = 0;
      answers = next;
    },
    hold: () => {
      const [came, gone] = [later(), later()];
      held = { come: came.now, gone: gone.promise };
      return { comes: came.promise, go: gone.now };
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A promise that is kept when somebody says so. */
function later(): { readonly promise: Promise<void>; readonly now: () => void } {
  let now = () => {};
  const promise = new Promise<void>((resolve) => {
    now = resolve;
  });
  return { promise, now: () => now() };
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer !== "late") response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
}
