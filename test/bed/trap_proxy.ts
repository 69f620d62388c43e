import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { freeAddress } from "./registry.ts";

/** When a trap springs: before the world sees the action, while it happens, or when it is done and the run does not know yet. */
export type Moment = "before" | "inside" | "after";
/** Springs at the n-th request of one image that fits; what happens then is the test's. */
export type RequestTrap = {
  readonly method: string;
  /** The end of the path, without the query. */
  readonly path: RegExp;
  /** What AWS is asked, as its header says it. */
  readonly target?: RegExp;
  readonly nth: number;
  readonly when: Moment;
  readonly spring: () => void | Promise<void>;
};
/**
 * A proxy before a server in which each image, the second part of the path, can have a trap of its own. AWS and a
 * package index, which know no such paths, are asked behind `/aws/<image>` and `/packages/<image>`.
 */
export type TrapProxy = {
  readonly address: string;
  readonly set: (image: string, trap: RequestTrap) => void;
  readonly stop: () => Promise<void>;
};

/** Starts the proxy before the registry at `target`, on an address of its own. */
export async function startTrapProxy(target: string): Promise<TrapProxy> {
  const address = await freeAddress();
  const [host = "", port = ""] = address.split(":");
  const traps = new Map<string, { readonly trap: RequestTrap; seen: number }>();
  const trapOf = (asked: IncomingMessage): RequestTrap | null => {
    const path = (asked.url ?? "").split("?")[0] ?? "";
    const set = traps.get(path.split("/")[2] ?? "");
    if (!set || asked.method !== set.trap.method || !set.trap.path.test(path)) return null;
    if (set.trap.target && !set.trap.target.test(String(asked.headers["x-amz-target"] ?? ""))) return null;
    set.seen += 1;
    return set.seen === set.trap.nth ? set.trap : null;
  };
  const server = createServer((asked, answer) => void pass({ target, trap: trapOf(asked) }, asked, answer));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(Number(port), host, resolve));
  return {
    address,
    set: (image, trap) => void traps.set(image, { trap, seen: 0 }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Way = { readonly target: string; readonly trap: RequestTrap | null };

async function pass({ target, trap }: Way, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const [host, port] = target.split(":");
  const { method, headers } = asked;
  const path = withoutMount(asked.url ?? "/").replace(/^\/(?:aws|packages)\/[^/]+\/?/, "/");
  if (trap?.when === "before" && !(await springs(trap, asked))) return;
  const onward = request({ host, port, method, path, headers });
  onward.on("error", () => answer.destroy());
  asked.on("error", () => onward.destroy());
  let isThere = Promise.resolve(true);
  onward.on("response", async (response) => {
    // What has no body may be answered before the trap springs.
    if (!(await isThere)) return response.destroy();
    if (trap?.when === "after" && !(await springs(trap, asked))) return response.destroy();
    answer.writeHead(response.statusCode ?? 502, response.headers);
    return response.pipe(answer);
  });
  if (trap?.when !== "inside") return void asked.pipe(onward);
  const body = await bodyOf(asked);
  const half = Math.floor(body.length / 2);
  onward.write(body.subarray(0, half));
  // What was sent reaches the registry before the trap springs.
  isThere = wait(50).then(() => springs(trap, asked));
  if (await isThere) onward.end(body.subarray(half));
  else onward.destroy();
}

/** Blobs are never mounted from other images, so that each is really sent. */
const withoutMount = (url: string): string =>
  url.replace(/([?&])(mount|from)=[^&]*(?:&|$)/g, "$1").replace(/[?&]+$/, "");

/** Springs the trap; whether who asked is still there: an engine pushes on when the run that told it to is gone. */
async function springs(trap: RequestTrap, asked: IncomingMessage): Promise<boolean> {
  await trap.spring();
  await wait(100);
  return !asked.socket.destroyed;
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function bodyOf(asked: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of asked) parts.push(part);
  return Buffer.concat(parts);
}
