import { execFile } from "node:child_process";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, isIPv4 } from "node:net";
import { promisify } from "node:util";
import { engineEnv } from "../../lib/doors/engine.ts";
import { needs } from "./parts.ts";
import { makeWheel, type TestPackage, type Wheel } from "./wheel.ts";

const execute = promisify(execFile);

export type PackageIndex = {
  /** What `--build-arg PACKAGE_INDEX=` takes. */
  readonly url: string;
  /** Publishes one more version while the index runs. */
  readonly publish: (more: TestPackage) => void;
  /** Paths asked for so far, oldest first. */
  readonly requests: readonly string[];
  readonly stop: () => Promise<void>;
};

/** Serves wheels as a package index (PEP 503) where the steps of a build can reach it. */
export async function start(packages: readonly TestPackage[]): Promise<PackageIndex> {
  const wheels = new Map<string, Wheel[]>();
  const publish = (each: TestPackage) => {
    const name = normalized(each.name);
    wheels.set(name, [...(wheels.get(name) ?? []), makeWheel(each)]);
  };
  for (const each of packages) publish(each);
  const requests: string[] = [];
  const server = createServer(answer(wheels, requests));
  const address = await bridgeAddress();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}/simple`,
    publish,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** PEP 503: `Foo_Bar.baz` and `foo-bar-baz` are one package. */
const normalized = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, "-");

function answer(wheels: ReadonlyMap<string, readonly Wheel[]>, requests: string[]): RequestListener {
  return (request, response) => {
    const path = decodeURIComponent(request.url ?? "/");
    requests.push(path);
    const name = /^\/simple\/([^/]+)\/?$/.exec(path)?.[1];
    const listed = name === undefined ? undefined : wheels.get(normalized(name));
    if (listed) {
      const links = listed.map(
        ({ file, sha256 }) => `<a href="../../files/${file}#sha256=${sha256}">${file}</a><br>\n`,
      );
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      return response.end(`<!DOCTYPE html>\n<html><body>\n${links.join("")}</body></html>\n`);
    }
    const wheel = [...wheels.values()].flat().find(({ file }) => path === `/files/${file}`);
    if (wheel) return response.setHeader("Content-Type", "application/octet-stream").end(wheel.bytes);
    response.statusCode = 404;
    return response.end();
  };
}

/** The engine's bridge, which builds and containers reach. Asked of the engine: Node does not list a bridge that no container is attached to. */
async function bridgeAddress(): Promise<string> {
  await needs("engine");
  const words = ["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"];
  const { stdout } = await execute("docker", words, { env: { ...process.env, ...engineEnv(process.env) } });
  const gateway = stdout.trim();
  if (!isIPv4(gateway)) throw new Error(`the engine's bridge has the address "${gateway}"`);
  return gateway;
}
