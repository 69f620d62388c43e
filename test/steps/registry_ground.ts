import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { Registry } from "../../lib/config/registry.ts";
import { registryClient, repositoryOf } from "../../lib/oci/registry.ts";
import type { RegistryReason } from "../../lib/oci/rules/failure.ts";
import { RegistryError } from "../../lib/oci/rules/failure.ts";
import { refusalOf } from "../unit/factory.ts";
import { type Asked, type OciServer, sha256, startOciServer } from "./oci_server.ts";

/** An empty registry that ends with the test. */
export async function startRegistry(host?: string): Promise<OciServer> {
  const server = await startOciServer(host);
  onTestFinished(() => server.stop());
  return server;
}

/** Its repository `cmamp`, in the config as `mine`. */
export const repoAt = ({ address }: Pick<OciServer, "address">, more: Partial<Registry> = {}) =>
  repositoryOf({ name: "mine", kind: "oci", required: true, address, ...more }, "cmamp");

/**
 * A clock that stands still until a wait moves it on. `waits` and `limits` hold the milliseconds of each; no limit is
 * reached before `runOut`, and from then on every one until the next wait.
 */
export function clockAt(start = 1_735_800_000_000) {
  const open = new Set<() => void>();
  let isLate = false;
  const ring = () => {
    if (isLate) for (const late of open) late();
  };
  const clock = {
    time: start,
    waits: [] as number[],
    limits: [] as number[],
    now: () => clock.time,
    pause: async (milliseconds: number, _signal?: AbortSignal) => {
      isLate = false;
      clock.waits.push(milliseconds);
      clock.time += milliseconds;
    },
    alarm: (milliseconds: number, late: () => void) => {
      clock.limits.push(milliseconds);
      open.add(late);
      setImmediate(ring);
      return () => void open.delete(late);
    },
    /** How many answers are waited for. */
    waiting: () => open.size,
    runOut: () => {
      isLate = true;
      setImmediate(ring);
    },
  };
  return clock;
}

/** A client that has no login and never waits. */
export const clientOf = (more: Partial<Parameters<typeof registryClient>[0]> = {}) =>
  registryClient({ env: { DOCKER_CONFIG: "/nonexistent" }, clock: clockAt(), ...more });

/** A folder with docker's configuration, and with programs of a shell line each; it goes with the test. */
export function dockerFolder(config: unknown, programs: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "slipway-registry-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
  for (const [name, line] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** The environment of a client whose docker folder this is; its programs come first on PATH. */
export const envOf = (folder: string) => ({ DOCKER_CONFIG: folder, PATH: `${folder}:${process.env["PATH"]}` });

/** `HEAD /v2/cmamp/manifests/dev`, oldest first. */
export const lines = ({ asked }: Pick<OciServer, "asked">): readonly string[] =>
  asked.map(({ method, path, query }) => `${method} ${path}${query.size > 0 ? `?${query}` : ""}`);

/** What was asked of a server by one method, blobs and manifests alike. */
export const askedBy = ({ asked }: Pick<OciServer, "asked">, method: string): readonly Asked[] =>
  asked.filter((one) => one.method === method);

/** The error of a registry: that it has this reason, its kind and exit code, and says what, why and what to type. */
export async function failureOf(running: Promise<unknown>, reason: RegistryReason): Promise<RegistryError> {
  const error = await refusalOf(running);
  expect(error).toMatchObject({ reason, kind: `registry_${reason}`, exitCode: 1 });
  if (!(error instanceof RegistryError)) throw error;
  return error;
}

export const imageType = "application/vnd.oci.image.manifest.v1+json";
export const indexType = "application/vnd.oci.image.index.v1+json";
type Line = { readonly mediaType: string; readonly digest: string; readonly size: number };
export const lineOf = (bytes: Uint8Array | string, mediaType: string): Line => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
});

/** An image of these layers as a registry holds it. */
export type Image = {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
};

/** An image whose layers are these texts. */
export function imageOf(layers: readonly string[], config: Buffer | object = { os: "linux" }): Image {
  const configBytes = Buffer.isBuffer(config) ? config : Buffer.from(JSON.stringify(config));
  const blobs = layers.map((layer) => Buffer.from(layer));
  const json = {
    schemaVersion: 2,
    config: lineOf(configBytes, "application/vnd.oci.image.config.v1+json"),
    layers: blobs.map((blob) => lineOf(blob, "application/vnd.oci.image.layer.v1.tar")),
  };
  const bytes = Buffer.from(JSON.stringify(json));
  return { digest: sha256(bytes), bytes, mediaType: imageType, config: configBytes, layers: blobs };
}

/** An image that is one blob, its config: the least that there is to copy. */
export const blobImage = (blob: string | Buffer): Image => imageOf([], Buffer.from(blob));

/** An index over images by platform: `linux/arm64/v8`. */
export function indexOf(children: readonly (readonly [platform: string, image: Image])[]): Image {
  const manifests = children.map(([platform, { bytes, mediaType }]) => {
    const [os, architecture, variant] = platform.split("/");
    return { ...lineOf(bytes, mediaType), platform: { os, architecture, ...(variant ? { variant } : {}) } };
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }));
  return { digest: sha256(bytes), bytes, mediaType: indexType, config: Buffer.alloc(0), layers: [] };
}

/** Puts images into a registry's repository `cmamp`, by digest. */
export function hold(server: OciServer, ...images: readonly Image[]): void {
  for (const { digest, bytes, mediaType, config, layers } of images) {
    server.manifests.set(`cmamp@${digest}`, { bytes, mediaType });
    for (const blob of [config, ...layers]) server.blobs.set(sha256(blob), blob);
  }
}

/** The value of `Authorization` for a password. */
export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

/** What each request brought to get in, oldest first; null for nothing. */
export const brought = ({ asked }: Pick<OciServer, "asked">): readonly (string | null)[] =>
  asked.map(({ headers }) => headers.authorization ?? null);

/** Lets in whoever brings one of these, and asks all others to log in. */
export function lock(server: OciServer, accepted: readonly string[], challenge = 'Basic realm="here"'): void {
  server.reply = ({ headers }) =>
    accepted.includes(headers.authorization ?? "")
      ? null
      : { status: 401, headers: { "www-authenticate": challenge }, body: "who are you?" };
}

export const right = basic("ada", "s3cret:word");
export const auth = (pair: string) => ({ auth: Buffer.from(pair).toString("base64") });
/** A program that prints this login, for the host that it is asked for as docker's helpers do, or for another. */
export const says = (user: string, secret: string, host = "$(cat)") =>
  `printf '{"ServerURL":"%s","Username":"${user}","Secret":"${secret}"}' "${host}"`;

type More = Parameters<typeof clientOf>[0] & { readonly programs?: Readonly<Record<string, string>> };
/** A registry that takes one password, and a client whose docker configuration is made from its address. */
export async function lockedGround(config: (address: string) => unknown, { programs = {}, ...more }: More = {}) {
  const server = await startRegistry();
  lock(server, [right]);
  const folder = dockerFolder(config(server.address), programs);
  const env = { ...envOf(folder), ...more.env };
  return { server, folder, repo: repoAt(server), client: clientOf({ ...more, env }) };
}
export const stored = (entry: unknown) => (address: string) => ({ auths: { [address]: entry } });
