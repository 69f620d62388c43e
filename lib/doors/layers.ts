import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, cp, mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { runtimeFolder } from "../model/cluster.ts";
import { UserError } from "../model/errors.ts";
import type { Layer } from "../model/oci/added_layers.ts";
import { fits, jsonOf, text, whole } from "../model/shape.ts";
import { cacheHome } from "./engine.ts";
import { ownFolders, slipwayRoot } from "./place.ts";
import { capture } from "./shell.ts";

type Env = Readonly<Record<string, string | undefined>>;
/** A layer and the file that holds it. */
export type LayerFile = Layer & { readonly file: string };

/** The bytes of a layer, as they are read. */
export const readLayer = ({ file }: LayerFile): AsyncIterable<Uint8Array> => createReadStream(file);

/** Packs the folders of a stage into a layer; the same files make the same layer where their times are set. */
async function pack(
  stage: string,
  names: readonly string[],
  to: string,
  { env, fixed }: { env: Env; fixed: boolean },
): Promise<LayerFile> {
  const tar = `${to}.tar`;
  const same = fixed ? ["--sort=name", "--mtime=@0", "--owner=0", "--group=0"] : [];
  const argv = ["tar", "--create", "--file", tar, "--numeric-owner", ...same, "--directory", stage, ...names];
  const { code, stderr } = await capture(argv, { cwd: stage, env });
  if (code !== 0)
    throw new UserError(`the code could not be packed: tar exited with ${code}`, {
      why: stderr.trim().split("\n").at(-1) || "It gave no reason.",
      fix: "Fix the cause and run the same command again",
    });
  try {
    const [plain, packed] = [createHash("sha256"), createHash("sha256")];
    let size = 0;
    const count = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        packed.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    };
    const seen = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        plain.update(chunk);
        yield chunk;
      }
    };
    await pipeline(
      createReadStream(tar),
      seen,
      createGzip({ level: 1 }),
      count,
      createWriteStream(to, { mode: 0o600 }),
    );
    return { file: to, digest: `sha256:${packed.digest("hex")}`, size, diffId: `sha256:${plain.digest("hex")}` };
  } finally {
    await rm(tar, { force: true });
  }
}

/** What hides all that the layers below have in a folder (OCI image spec, "Opaque Whiteout"). */
const opaque = ".wh..wh..opq";

/** The layer that has a folder as `/app`, and nothing else there. The folder is a stage's own, called app. */
export async function packCode(app: string, env: Env): Promise<LayerFile> {
  const stage = dirname(app);
  await writeFile(join(app, opaque), "");
  return pack(stage, [basename(app)], join(stage, "code.tar.gz"), { env, fixed: false });
}

/**
 * The layer that has what runs a list in any image of this platform: bun with the C library that it is linked to, and Slipway's
 * own code. It is the same for all runs of one Slipway, and kept among the user's caches.
 */
export async function packRuntime(env: Env): Promise<LayerFile> {
  const { modules } = ownFolders();
  const bun = await realpath(join(modules, ".bin", "bun")).catch(() => null);
  if (bun === null || process.platform !== "linux")
    throw new UserError("there is no bun for Linux beside Slipway", {
      why: "It runs the lists inside of their images, on nodes that are Linux, and is taken from here.",
      fix: "Start it on Linux, where npm ci brings it",
    });
  const libraries = await librariesOf(bun, env);
  const key = await keyOf([bun, ...libraries.files]);
  const folder = join(cacheHome(env), "swarm");
  const known = join(folder, `${key}.tar.gz`);
  const note = `${known}.json`;
  const read = jsonOf(await readFile(note, "utf8").catch(() => ""));
  if (
    fits<Layer>(read, { digest: text, size: whole, diffId: text }) &&
    (await stat(known).catch(() => null))?.size === read.size
  )
    return { ...read, file: known };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stage = join(folder, `new.${process.pid}`);
  try {
    await fill(join(stage, "slipway"), bun, libraries);
    const made = await pack(stage, ["slipway"], join(stage, "runtime.tar.gz"), { env, fixed: true });
    const { file, ...layer } = made;
    await rename(file, known);
    await writeFile(`${note}.${process.pid}`, JSON.stringify(layer), { mode: 0o600 });
    await rename(`${note}.${process.pid}`, note);
    return { ...layer, file: known };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

type Libraries = { readonly loader: string; readonly files: readonly string[] };

/** The loader and the libraries that a program is linked to, and those by which its C library looks up names. */
async function librariesOf(program: string, env: Env): Promise<Libraries> {
  const { stdout } = await capture(["ldd", program], { cwd: "/", env });
  const paths = stdout.split("\n").flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  const loader = paths.find((path) => basename(path).startsWith("ld-"));
  const libc = paths.find((path) => basename(path).startsWith("libc."));
  if (loader === undefined || libc === undefined)
    throw new UserError(`the libraries of ${program} are not known`, {
      why: `ldd, which tells them, said: ${stdout.trim().split("\n").at(-1) || "nothing"}`,
      fix: "Start it on a Linux with the C library of GNU, as Debian, Ubuntu and Fedora have it",
    });
  const names = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"].map((name) => join(dirname(libc), name));
  const there = await Promise.all(names.map(async (path) => ((await stat(path).catch(() => null)) ? [path] : [])));
  return { loader, files: [...paths, ...there.flat()] };
}

/** What of Slipway a run in an image needs: its own code, without what others wrote. */
const ownCode = join(slipwayRoot, "lib");

async function keyOf(files: readonly string[]): Promise<string> {
  const code = (await readdir(ownCode, { recursive: true }))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(ownCode, name));
  const hash = createHash("sha256");
  for (const path of [...files, ...code.sort()]) {
    const { size, mtimeMs } = await stat(path);
    hash.update(JSON.stringify([relative(slipwayRoot, path), size, mtimeMs]));
  }
  return hash.digest("hex").slice(0, 24);
}

async function fill(slipway: string, bun: string, { loader, files }: Libraries): Promise<void> {
  const runtime = join(slipway, relative("/slipway", runtimeFolder));
  await mkdir(runtime, { recursive: true });
  for (const file of new Set(files)) await cp(await realpath(file), join(runtime, basename(file)));
  await cp(await realpath(loader), join(runtime, "loader"));
  await cp(bun, join(runtime, "bun"));
  for (const name of ["loader", "bun"]) await chmod(join(runtime, name), 0o755);
  await cp(ownCode, join(slipway, "own", "lib"), {
    recursive: true,
    filter: async (path) => (await stat(path)).isDirectory() || path.endsWith(".ts"),
  });
  // Whoever the list runs as writes there.
  for (const name of [".", "reports", "work", "home"]) {
    await mkdir(join(slipway, name), { recursive: true });
    await chmod(join(slipway, name), 0o1777);
  }
}
