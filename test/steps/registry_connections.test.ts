import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { makeAuthority } from "../bed/certificates.ts";
import { commitAll } from "../bed/git.ts";
import { runtimes } from "../bed/workflow.ts";
import { root } from "../unit/source.ts";
import { type Head, type Reply, type Shown, startOciServer } from "./oci_server.ts";
import { hold, imageOf, startRegistry } from "./registry_ground.ts";

/** Milliseconds: five times what a process takes that waits out an answer which nobody needs, a sixth of what hangs. */
const soon = 5_000;
/** A layer that no socket's buffer holds whole. */
const image = imageOf(["a layer", "x".repeat(12_000_000)]);
const dir = mkdtempSync(join(tmpdir(), "connections-"));
let shown: Shown;
let ca = "";
beforeAll(async () => {
  const authority = await makeAuthority(dir, "own");
  ca = authority.cert;
  const pair = await authority.issue("registry.test", { for: "DNS:registry.test,IP:::ffff:7f00:1" });
  shown = { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Runs a file to its end; gives what it said, and for how many milliseconds it went on after its first word. */
async function timed(argv: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const [program = "", ...words] = argv;
  const child = spawn(program, words, {
    cwd: dir,
    env: { PATH: process.env["PATH"], HOME: dir, ...env } as NodeJS.ProcessEnv,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = 0;
  for (const stream of [child.stdout, child.stderr])
    stream.once("data", () => {
      said ||= Date.now();
    });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { stdout, stderr, code, after: Date.now() - said };
}

/** A proxy on loopback, which knows by the port alone where to go. */
async function startProxy(): Promise<string> {
  const server = createServer().on("connect", ({ url = "" }, client) => {
    const behind = connect(Number(url.split(":")[1]), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      behind.pipe(client).pipe(behind);
    });
    for (const socket of [client, behind]) socket.on("error", () => undefined);
  });
  server.on("request", (asked, answer) => {
    const { port, pathname, search } = new URL(asked.url ?? "");
    const { method, headers } = asked;
    const behind = request({ host: "127.0.0.1", port, method, path: pathname + search, headers }, (message) => {
      answer.writeHead(message.statusCode ?? 0, message.headers);
      message.pipe(answer);
    });
    behind.on("error", () => answer.destroy());
    asked.pipe(behind);
  });
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Way = { readonly isSecure?: true; readonly isProxied?: true };
const ways: readonly (readonly [how: string, Way])[] = [
  ["in plain http", {}],
  ["over TLS", { isSecure: true }],
  ["by a proxy, in plain http", { isProxied: true }],
  ["through a proxy, over TLS", { isSecure: true, isProxied: true }],
];

/** Asks two registries by a way in a process of its own. */
async function askApart(
  runtime: readonly string[],
  { isSecure, isProxied }: Way,
  reply: (asked: Head) => Reply | null,
) {
  const servers = await Promise.all([0, 1].map(() => startOciServer("127.0.0.1", isSecure ? shown : undefined)));
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))));
  const [from, to] = servers;
  if (!from || !to) throw new Error("no servers");
  hold(from, image);
  let struck = 0;
  to.early = (head) => {
    const given = reply(head);
    if (given) struck += 1;
    return given;
  };
  // Docker's rule for plain http knows 127.0.0.1 by this name alone.
  const host = isProxied ? "registry.test" : isSecure ? "[::ffff:7f00:1]" : "127.0.0.1";
  const addresses = servers.map(({ address }) => address.replace("127.0.0.1", host));
  const proxy = isProxied ? await startProxy() : undefined;
  const env = {
    DOCKER_CONFIG: dir,
    SSL_CERT_FILE: ca,
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    INSECURE: isSecure ? "" : "1",
  };
  const words = [join(root, "test/bed/ending_child.ts"), image.digest, ...addresses];
  return { ...(await timed([...runtime, ...words], env)), struck: () => struck };
}

const isCancel = ({ method, path }: Head) => method === "DELETE" && path.includes("/uploads/");
const isPut = ({ method, path }: Head) => method === "PUT" && path.includes("/uploads/");
const trouble: readonly (readonly [what: string, reply: (asked: Head) => Reply | null, said: RegExp])[] = [
  ["does not answer that an upload is cancelled", (asked) => (isCancel(asked) ? "hang" : null), /^copied$/],
  [
    "answers half that an upload is cancelled",
    (asked) => (isCancel(asked) ? { status: 202, body: "too little", cut: 3, stalls: true } : null),
    /^copied$/,
  ],
  [
    "takes a layer before it has it all",
    (asked) => (isPut(asked) ? { status: 201, body: "I have it" } : null),
    /^copied$/,
  ],
  [
    "refuses a layer before it has it all",
    (asked) => (isPut(asked) ? { status: 413, body: "too large" } : null),
    /answered 413$/,
  ],
];

describe.each(Object.entries(runtimes))("under %s, a process that asked", (_name, runtime) => {
  it.each(ways)("registries which never close a connection ends, %s", async (_how, way) => {
    const { stdout, stderr, after } = await askApart(runtime, way, () => null);
    expect([stdout, stderr]).toEqual(["copied\n", ""]);
    expect(after).toBeLessThan(soon);
  });

  it.each(
    trouble.flatMap(([what, reply, said]) =>
      [...ways.slice(0, 1), ...ways.slice(-1)].map(([how, way]) => ({ what, how, way, reply, said })),
    ),
  )("a registry that $what ends, $how", async ({ way, reply, said }) => {
    const { stdout, stderr, after, struck } = await askApart(runtime, way, reply);
    expect([stdout.trim(), stderr, struck()]).toEqual([expect.stringMatching(said), "", expect.any(Number)]);
    expect(struck()).toBeGreaterThan(0);
    expect(after).toBeLessThan(soon);
  });

  it("two registries ends when its run does: one refuses, and the other does not answer", async () => {
    const [refusing, silent] = [await startRegistry(), await startRegistry()];
    let struck = false;
    silent.reply = () => {
      struck = true;
      return "hang";
    };
    refusing.before = async () => void (await vi.waitUntil(() => struck));
    refusing.reply = () => ({ status: 400 });
    const lib = (path: string) => JSON.stringify(join(root, "lib", path));
    const file = join(dir, "own.mts");
    const addresses = [refusing, silent].map(({ address }) => JSON.stringify(address));
    writeFileSync(
      file,
      `import { sharedClient } from ${lib("run/client.ts")};
import { script } from ${lib("run/script.ts")};
import { repositoryOf } from ${lib("oci/registry.ts")};
const repos = [${addresses}].map((address) => repositoryOf({ name: address, kind: "oci", required: true, address }, "cmamp"));
export default await script(import.meta.url, {
  about: "Ask.",
  options: {},
  look: ({ env }) => Promise.all(repos.map((repo) => sharedClient(env).head(repo, "dev"))),
  steps: () => [],
});
`,
    );
    writeFileSync(join(dir, "repo_config.yaml"), "docker_info: {docker_image_name: own}\n");
    await commitAll(dir, "Start");
    const { stderr, after, code } = await timed([...runtime, file], { DOCKER_CONFIG: dir });
    expect([stderr, code, struck]).toEqual([expect.stringContaining("answered 400"), 1, true]);
    expect(after).toBeLessThan(soon);
  });
});
