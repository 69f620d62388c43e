import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { Transform } from "node:stream";
import { type Repository, registryClient, repositoryOf } from "../../lib/oci/registry.ts";
import { pushBig } from "../bed/big_image.ts";
import { startRegistry } from "../bed/registry.ts";
import type { Row } from "./measure.ts";

const rate = 40 * 2 ** 20;

/** Lets so many bytes a second through, by holding each piece back as long as it should take. */
function throttle(): Transform {
  let due = performance.now();
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      due = Math.max(due, performance.now()) + (piece.length / rate) * 1000;
      setTimeout(() => done(null, piece), Math.max(0, due - performance.now()));
    },
  });
}

/** A proxy that holds what is sent to a registry to 40 MiB a second. */
async function slowProxy(target: string): Promise<{ address: string; stop: () => void }> {
  const [host, port] = target.split(":");
  const server = createServer((asked, answer) => {
    const passed = request(
      { host, port, method: asked.method, path: asked.url, headers: asked.headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      },
    );
    asked.pipe(throttle()).pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const place = (address: string): Repository =>
  repositoryOf({ name: address, kind: "oci", address, required: true }, "big");

async function seconds(from: Repository, to: readonly Repository[], digest: string): Promise<number> {
  const start = performance.now();
  const results = await registryClient({ env: process.env }).copy({ from, to, digest });
  const other = results.find(({ outcome }) => outcome !== "copied");
  if (other) throw other.outcome === "error" ? other.error : new Error(`${other.repo.reference} had it already`);
  return (performance.now() - start) / 1000;
}

/** A mirror to three registries, each held to 40 MB/s, against the slowest of them alone. */
export async function mirrorTime(): Promise<Row[]> {
  const source = await startRegistry();
  const digest = await pushBig(source.address, [60, 60, 60]);
  const from = place(source.address);
  const registries = await Promise.all([1, 2, 3, 4, 5, 6].map(() => startRegistry()));
  const proxies = await Promise.all(registries.map(({ address }) => slowProxy(address)));
  const places = proxies.map(({ address }) => place(address));
  const alone: number[] = [];
  for (const one of places.slice(0, 3)) alone.push(await seconds(from, [one], digest));
  const together = await seconds(from, places.slice(3), digest);
  const slowest = Math.max(...alone);
  for (const proxy of proxies) proxy.stop();
  await Promise.all([source, ...registries].map(({ stop }) => stop()));
  const seen = `${(together / slowest).toFixed(2)} x the slowest alone (${slowest.toFixed(2)} s)`;
  return [
    { what: "180 MB to 3 registries, each held to 40 MB/s", seen, bar: "<= 1.15 x", ok: together / slowest <= 1.15 },
  ];
}
