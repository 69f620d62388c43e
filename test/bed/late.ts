import { spawn } from "node:child_process";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** How many milliseconds later than it comes each answer is passed on, as by a server far away; may change meanwhile. */
export type Late = { by: number };
/** A server before another one. */
export type LateServer = { readonly address: string; readonly stop: () => Promise<void> };

/** Passes on what a server says, in its order; what is sent to it goes at once. */
function passLate(from: Readable, to: Writable, late: Late): void {
  let due = 0;
  const later = (work: () => void) => {
    due = Math.max(due, performance.now() + late.by);
    setTimeout(work, due - performance.now());
  };
  from.on("data", (piece) => later(() => to.write(piece)));
  from.on("end", () => later(() => to.end()));
  for (const stream of [from, to]) stream.on("error", () => [from.destroy(), to.destroy()]);
}

async function listen(serve: (client: Socket) => void): Promise<LateServer> {
  const clients = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client.once("close", () => clients.delete(client)));
    serve(client);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new Error("a listening server has an address");
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const client of clients) client.destroy();
    });
  return { address: `127.0.0.1:${listening.port}`, stop };
}

/** A registry, or any other server, that answers late. */
export function startLateProxy(target: string, late: Late): Promise<LateServer> {
  const [host = "", port] = target.split(":");
  return listen((client) => {
    const server = connect({ host, port: Number(port), allowHalfOpen: true });
    client.pipe(server);
    passLate(server, client, late);
  });
}

/** The Git repos of a folder at `git://<address>/<repo>`, to read and to push to; each call is answered late (gitprotocol-pack(5)). */
export function startLateGit(folder: string, late: Late): Promise<LateServer> {
  return listen((client) => {
    let request = "";
    const read = (piece: Buffer) => {
      request += piece.toString("latin1");
      // Its first four digits are its length; a client waits for an answer before it says more.
      if (request.length < 4 || request.length < Number.parseInt(request.slice(0, 4), 16)) return;
      client.off("data", read);
      const [, service = "", path = "", protocol = ""] =
        /^....git-(upload-pack|receive-pack) \/([\w.-]+)\0host=[^\0]*\0(?:\0([^\0]*)\0)?/.exec(request) ?? [];
      const env = { ...process.env, GIT_PROTOCOL: protocol };
      setTimeout(() => {
        const git = spawn("git", [service, path], { cwd: folder, env, stdio: ["pipe", "pipe", "inherit"] });
        git.stdin.on("error", () => client.destroy());
        client.pipe(git.stdin);
        git.stdout.pipe(client);
      }, late.by);
    };
    client.on("data", read);
  });
}
