import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { capture } from "../../lib/doors/shell.ts";
import { noProxyCases } from "../bed/no_proxy_cases.ts";
import { needs } from "../bed/parts.ts";

/** The users that requests came with. */
const came = new Set<string>();
const proxy = createServer().on("connect", ({ headers }, socket) => {
  const login = headers["proxy-authorization"]?.replace("Basic ", "") ?? "";
  came.add(Buffer.from(login, "base64").toString().replace(":", ""));
  socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
});
let address = "";
beforeAll(async () => {
  await needs("curl");
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const taken = proxy.address();
  address = taken === null || typeof taken === "string" ? "" : `127.0.0.1:${taken.port}`;
});
afterAll(() => void proxy.close());

it.concurrent.each(noProxyCases)(
  "curl reads NO_PROXY %j of %j as we do: direct is %j",
  async (noProxy, host, isDirect) => {
    const user = crypto.randomUUID();
    // What goes past the proxy ends at a port of loopback that nobody listens on; what does not asks it for a way there.
    const argv = [
      "curl",
      "--silent",
      "--globoff",
      "--max-time",
      "20",
      "--connect-to",
      "::127.0.0.1:9",
      `http://${host}/`,
    ];
    const env = { PATH: process.env["PATH"], http_proxy: `http://${user}@${address}`, no_proxy: noProxy };
    await capture(argv, { cwd: "/", env });
    expect(came.has(user)).toBe(!isDirect);
  },
);
