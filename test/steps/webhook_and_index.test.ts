import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readBody } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { downloadFile, indexSession, listProject, uploadFile } from "../../lib/doors/package_index.ts";
import { postJson } from "../../lib/doors/webhook.ts";
import { makeAuthority } from "../bed/certificates.ts";

/** A webhook and a package index of a company: a CA of its own, and only its proxy knows where they are. */
const dir = mkdtempSync(join(tmpdir(), "company-"));
const servers: Server[] = [];
let ca = "";
let proxy = "";
type Asked = { readonly line: string; readonly authorization: string | undefined; readonly body: string };
const asked: Asked[] = [];
const connects: string[] = [];
const signal = new AbortController().signal;

async function answer(message: IncomingMessage): Promise<{ status: number; location?: string; body: string }> {
  const line = `${message.method} https://${message.headers.host}${message.url}`;
  asked.push({ line, authorization: message.headers.authorization, body: await readBody(message) });
  if (message.url === "/simple/tool/")
    return { status: 200, body: '<a href="/files/tool-1.0.tar.gz#sha256=00">tool-1.0.tar.gz</a>' };
  if (message.url === "/files/tool-1.0.tar.gz") return { status: 302, location: "https://store.test/1", body: "" };
  return { status: 200, body: message.url === "/1" ? "the bytes" : "ok" };
}

async function listen(server: Server): Promise<number> {
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  const authority = await makeAuthority(dir, "company");
  ca = authority.cert;
  const pair = await authority.issue("hook.test", { for: "DNS:hook.test,DNS:pypi.test,DNS:store.test" });
  const files = { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
  const port = await listen(
    createSecureServer(files, async (message, response) => {
      const { status, location, body } = await answer(message);
      response.writeHead(status, location ? { location } : {}).end(body);
    }),
  );
  const tunnels = createServer().on("connect", ({ url }, client) => {
    connects.push(url ?? "");
    const behind = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      behind.pipe(client).pipe(behind);
    });
  });
  proxy = `http://127.0.0.1:${await listen(tunnels)}`;
});
beforeEach(() => {
  asked.length = 0;
  connects.length = 0;
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(dir, { recursive: true });
});

const env = () => ({ HTTPS_PROXY: proxy, SSL_CERT_FILE: ca, HOME: dir });
const hook = new URL("https://hook.test/services/T00");
const post = (env: Record<string, string>) => postJson(hook, { text: "It is out" }, { env, milliseconds: 5_000 });

describe("a webhook", () => {
  it("is reached by the proxy and the CA that registries are reached by", async () => {
    expect(await post(env())).toEqual({ status: 200, retryAfter: null, words: "ok" });
    expect(asked.map(({ line, body }) => [line, body])).toEqual([
      ["POST https://hook.test/services/T00", '{"text":"It is out"}'],
    ]);
    expect(connects).toEqual(["hook.test:443"]);
  });

  it("of a CA that nobody knows is told with the line that adds it", async () => {
    const { SSL_CERT_FILE: _, ...unknowing } = env();
    const posted = await post(unknowing);
    expect(posted).toMatchObject({ status: "unreachable" });
    expect(posted.words).toContain("hook.test has a certificate of a CA that this machine does not know");
    expect("fix" in posted && posted.fix).toContain("sudo cp CA.crt");
    expect(asked).toEqual([]);
  });

  it("behind a proxy that is down was not reached", async () => {
    const posted = await post({ ...env(), HTTPS_PROXY: "http://127.0.0.1:9" });
    expect(posted).toMatchObject({ status: "unreachable" });
    expect(posted.words).toContain("the proxy 127.0.0.1:9 (HTTPS_PROXY) does not answer");
  });
});

describe("a package index", () => {
  const session = () => {
    const login = { TWINE_USERNAME: "ada", TWINE_PASSWORD: "s3cret" };
    return indexSession("https://pypi.test/legacy/", { env: { ...env(), ...login }, home: dir, signal });
  };
  const basic = `Basic ${btoa("ada:s3cret")}`;

  it("is reached by the proxy and the CA that registries are reached by; a login stays behind where it sends on", async () => {
    const own = session();
    const [file] = await listProject("https://pypi.test/simple/", "tool", own);
    expect(String(await downloadFile(file?.url ?? "", own))).toBe("the bytes");
    expect(asked.map(({ line, authorization }) => [line, authorization])).toEqual([
      ["GET https://pypi.test/simple/tool/", basic],
      ["GET https://pypi.test/files/tool-1.0.tar.gz", basic],
      ["GET https://store.test/1", undefined],
    ]);
    expect(new Set(connects)).toEqual(new Set(["pypi.test:443", "store.test:443"]));
  });

  it("gets a file with its fields as a form", async () => {
    const fields = [["name", "tool"]] as const;
    const file = { name: "tool-1.0.tar.gz", bytes: Buffer.from("the bytes"), fields, isKept: async () => false };
    await uploadFile("https://pypi.test/legacy/", file, session());
    expect(asked.map(({ line }) => line)).toEqual(["POST https://pypi.test/legacy/"]);
    expect(asked[0]?.body).toMatch(/name="name"\r\n\r\ntool\r\n.*filename="tool-1.0.tar.gz".*\r\n\r\nthe bytes\r\n/s);
  });

  it("of a CA that nobody knows is told with the line that adds it", async () => {
    const { SSL_CERT_FILE: _, ...unknowing } = env();
    const own = indexSession("https://pypi.test/legacy/", { env: unknowing, home: dir, signal });
    await expect(listProject("https://pypi.test/simple/", "tool", own)).rejects.toMatchObject({
      message: "the package index pypi.test does not answer",
      why: expect.stringContaining("a CA that this machine does not know"),
      fix: expect.stringContaining("sudo cp CA.crt"),
    });
  });
});
