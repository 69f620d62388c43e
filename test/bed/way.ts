import { connect, createServer } from "node:net";

/** A way from another network of this machine to an address of this one: a socket file that both can open. */
export type Way = {
  /** What the program at the other end is told: the address to listen on, and the file. */
  readonly words: readonly string[];
  readonly close: () => Promise<void>;
};

/** Opens the end of this network. */
export async function openWay(address: string, file: string): Promise<Way> {
  const [host = "", port = ""] = address.split(":");
  const server = createServer((socket) => {
    const onward = connect(Number(port), host);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const)
      one.pipe(other).on("error", () => one.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(file, resolve));
  return { words: [address, file], close: () => new Promise((resolve) => server.close(() => resolve())) };
}
