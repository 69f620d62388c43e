import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A proxy before a registry that can keep one request waiting, so that a test knows where a run stands. */
export type HoldingProxy = {
  readonly address: string;
  /** Resolves when a request comes that fits; it is not answered any more, all others are passed on. */
  readonly hold: (fits: (method: string, path: string) => boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Starts a proxy before the registry at `target`, which sees the proxy's own address as its name. */
export async function startHoldingProxy(target: string): Promise<HoldingProxy> {
  const [host, port] = target.split(":");
  let held: { fits: (method: string, path: string) => boolean; come: () => void } | null = null;
  const server = createServer((asked, answer) => {
    const { method = "", url = "", headers } = asked;
    if (held?.fits(method, url)) {
      held.come();
      held = null;
      return;
    }
    const passed = request({ host, port, method, path: url, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.on("error", () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: (fits) =>
      new Promise((come) => {
        held = { fits, come };
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
