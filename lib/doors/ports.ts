import { connect } from "node:net";

/** Whether somebody listens on this "host:port", or "[::1]:port". It is called: two that tried to listen at once would take each other for its owner. */
export const listens = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
    const socket = connect({ host, port: Number(port), timeout: 1_000 });
    const tell = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      // A caller may be given the very port that it calls, and then calls itself.
      .once("connect", () => tell(socket.localPort !== Number(port)))
      .once("error", () => tell(false))
      .once("timeout", () => tell(false));
  });

/** Whether nobody listens on this port of the loopback network. */
export const isFree = async (port: number): Promise<boolean> => !(await listens(`127.0.0.1:${port}`));

/** The first free port from this one on, of a hundred; null where all are taken. */
export async function freePort(from: number): Promise<number | null> {
  for (let port = from; port < from + 100; port += 1) if (await isFree(port)) return port;
  return null;
}
