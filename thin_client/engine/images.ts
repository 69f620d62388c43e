import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { must, removeFolder } from "./command.ts";
import { withLock } from "./holders.ts";
import type { Env, Layout } from "./layout.ts";

/** How an image that is made here is named and what its containers start. */
export type ImageRecipe = {
  readonly name: string;
  /** The file name of the kept archive, without its ending. */
  readonly file: string;
  /** The first is the machine's own; with more than one the image is an index. */
  readonly architectures: readonly string[];
  readonly command: readonly string[];
  /** Fills the folder that becomes the only layer for this architecture. */
  readonly fill: (folder: string, architecture: string) => Promise<void>;
};

/** Debian's word for an architecture as images have it (OCI image spec, "platform"). */
const platforms: Readonly<Record<string, { readonly architecture: string; readonly variant?: string }>> = {
  armhf: { architecture: "arm", variant: "v7" },
};
const platformOf = (architecture: string) => platforms[architecture] ?? { architecture };

/** Timestamps are fixed, so that the same files always give the same digest. */
const made = "2024-01-01T00:00:00Z";
const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export const archiveOf = (at: Layout, { file }: Pick<ImageRecipe, "file">): string => join(at.images, `${file}.tar`);

/** Whether the archive of an image is kept. */
export const hasArchive = (at: Layout, recipe: Pick<ImageRecipe, "file">): boolean => existsSync(archiveOf(at, recipe));

/** Makes the archive of an image unless it is kept already, whoever else does at the same time; says so before it starts. */
export async function ensureArchive(at: Layout, recipe: ImageRecipe, onMake: () => void): Promise<void> {
  const archive = archiveOf(at, recipe);
  const work = `${archive}.unfinished`;
  if (existsSync(archive) && !existsSync(work)) return;
  await new Promise<void>((resolve, reject) => {
    const make = async () => {
      // Whoever was killed leaves it.
      await removeFolder(work);
      if (!existsSync(archive)) {
        onMake();
        await makeArchive(archive, work, recipe);
      }
      // Nobody has to wait until what it was made of is gone.
      resolve();
      await removeFolder(work);
    };
    withLock(join(at.images, `lock-${recipe.file}`), () => undefined, make).catch(reject);
  });
}

/** Loads the kept archive of an image into an engine. */
export async function loadArchive(at: Layout, docker: Env, recipe: Pick<ImageRecipe, "file">): Promise<void> {
  await must(["docker", "load", "--quiet", "--input", archiveOf(at, recipe)], {
    env: docker,
    log: join(at.log, "images.log"),
  });
}

async function makeArchive(archive: string, work: string, recipe: ImageRecipe): Promise<void> {
  const image = join(work, "image");
  mkdirSync(join(image, "blobs", "sha256"), { recursive: true });
  const parts: Part[] = [];
  for (const architecture of recipe.architectures) {
    const files = join(work, architecture);
    mkdirSync(files);
    await recipe.fill(files, architecture);
    parts.push(writePart(image, recipe, architecture, await writeLayer(files, join(image, "blobs", "sha256"))));
  }
  writeIndex(image, recipe.name, parts);
  await must(["tar", "-C", image, ...sameTar, "-cf", join(work, "image.tar"), "."]);
  renameSync(join(work, "image.tar"), archive);
}

const sameTar = ["--sort=name", `--mtime=${made}`, "--numeric-owner", "--format=gnu"];

type Layer = { readonly digest: string; readonly plain: string; readonly size: number };

/** Packs a folder as a layer; keeps the digests of the packed and of the plain bytes. */
async function writeLayer(files: string, blobs: string): Promise<Layer> {
  const unnamed = join(blobs, "layer");
  const plain = createHash("sha256");
  const packed = createHash("sha256");
  const tar = spawn("tar", ["-C", files, ...sameTar, "--one-file-system", "-cf", "-", "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number>((resolve) => tar.once("close", (code) => resolve(code ?? 1)));
  await pipeline(tar.stdout, tap(plain), createGzip({ level: 1 }), tap(packed), createWriteStream(unnamed));
  if ((await ended) !== 0) throw new Error(`tar of ${files} did not end well`);
  const digest = packed.digest("hex");
  renameSync(unnamed, join(blobs, digest));
  return { digest, plain: plain.digest("hex"), size: statSync(join(blobs, digest)).size };
}

const tap = (hash: ReturnType<typeof createHash>): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });

type Blob = { readonly mediaType: string; readonly digest: string; readonly size: number };
type Part = { readonly manifest: Blob; readonly architecture: string; readonly config: Blob; readonly layer: Blob };

/** Writes config and manifest of one architecture beside its layer. */
function writePart(folder: string, { name, command }: ImageRecipe, architecture: string, layer: Layer): Part {
  const config = writeBlob(folder, "application/vnd.oci.image.config.v1+json", {
    ...platformOf(architecture),
    os: "linux",
    created: made,
    config: { Env: [path], Cmd: command },
    rootfs: { type: "layers", diff_ids: [`sha256:${layer.plain}`] },
    history: [{ created: made, created_by: `slipway ${name}` }],
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const gzipped = "application/vnd.oci.image.layer.v1.tar+gzip";
  const layerBlob = { mediaType: gzipped, digest: `sha256:${layer.digest}`, size: layer.size };
  const manifest = writeBlob(folder, mediaType, { schemaVersion: 2, mediaType, config, layers: [layerBlob] });
  return { manifest, architecture, config, layer: layerBlob };
}

/** Writes what names the parts, readable for both kinds of image store. */
function writeIndex(folder: string, name: string, parts: readonly Part[]): void {
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifests = parts.map(({ manifest, architecture }) => ({
    ...manifest,
    platform: { os: "linux", ...platformOf(architecture) },
  }));
  const [own] = parts;
  if (own === undefined) throw new Error(`${name} has no architecture`);
  const root =
    parts.length === 1 ? own.manifest : writeBlob(folder, mediaType, { schemaVersion: 2, mediaType, manifests });
  const annotations = {
    "io.containerd.image.name": `docker.io/${name}`,
    "org.opencontainers.image.ref.name": name.split(":")[1],
  };
  const json = (file: string, value: unknown) => writeFileSync(join(folder, file), JSON.stringify(value));
  const pathOf = ({ digest }: Blob) => `blobs/sha256/${digest.replace("sha256:", "")}`;
  json("oci-layout", { imageLayoutVersion: "1.0.0" });
  json("index.json", { schemaVersion: 2, mediaType, manifests: [{ ...root, annotations }] });
  json("manifest.json", [{ Config: pathOf(own.config), RepoTags: [name], Layers: [pathOf(own.layer)] }]);
}

function writeBlob(folder: string, mediaType: string, value: unknown): Blob {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(folder, "blobs", "sha256", digest), bytes);
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
}
