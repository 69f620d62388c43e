import { createServer } from "node:net";

/** Whether nobody listens on this port of the loopback network. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });

/** The first free port from this one on, of a hundred; null where all are taken. */
export async function freePort(from: number): Promise<number | null> {
  for (let port = from; port < from + 100; port += 1) if (await isFree(port)) return port;
  return null;
}
