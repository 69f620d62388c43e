import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { runtimeFolder } from "../config/cluster.ts";
import { UserError } from "../errors.ts";
import type { Layer } from "../oci/rules/added_layers.ts";
import { fits, jsonOf, text, whole } from "../text/shape.ts";
import { cacheHome } from "./engine.ts";
import { privateFolder, readText, remove, rename, stageFile, stageFolder, writePrivate } from "./files.ts";
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
  how: { readonly env: Env; readonly fixed: boolean },
): Promise<LayerFile> {
  const tar = join(stage, "layer.tar");
  const same = how.fixed ? ["--sort=name", "--mtime=@0", "--owner=0", "--group=0"] : [];
  const run = async (argv: readonly string[]) => {
    const { code, stderr } = await capture(argv, { cwd: stage, env: how.env });
    if (code === 0) return;
    throw new UserError(`the code could not be packed: ${argv[0]} exited with ${code}`, {
      why: stderr.trim().split("\n").at(-1) || "It gave no reason.",
      fix: "Fix the cause and run the same command again",
    });
  };
  await run(["tar", "--create", "--file", tar, "--numeric-owner", ...same, "--directory", stage, ...names]);
  const plain = await digestOf(tar);
  await run(["gzip", "--fast", "--no-name", tar]);
  const file = `${tar}.gz`;
  return { file, ...(await digestOf(file)), diffId: plain.digest };
}

async function digestOf(file: string): Promise<{ readonly digest: string; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(file)) {
    const bytes: Buffer = chunk;
    hash.update(bytes);
    size += bytes.length;
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

/** What hides all that the layers below have in a folder (OCI image spec, "Opaque Whiteout"). */
const opaque = ".wh..wh..opq";

/** The layer that has a folder as `/app`, and nothing else there. The folder is a stage's own, called app. */
export async function packCode(app: string, env: Env): Promise<LayerFile> {
  writePrivate(join(app, opaque), "");
  return pack(dirname(app), [basename(app)], { env, fixed: false });
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
  const read = jsonOf(readText(note) ?? "");
  const isKnown = fits<Layer>(read, { digest: text, size: whole, diffId: text });
  if (isKnown && (await stat(known).catch(() => null))?.size === read.size) return { ...read, file: known };
  const stage = privateFolder(join(folder, `new.${process.pid}`));
  try {
    fill(join(stage, "slipway"), bun, libraries);
    const { file, ...layer } = await pack(stage, ["slipway"], { env, fixed: true });
    rename(file, known);
    writePrivate(note, JSON.stringify(layer));
    return { ...layer, file: known };
  } finally {
    remove(stage);
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

/** What of Slipway a run in an image needs, as its root has it: the program that is started there, and the code behind it. */
const ownFiles = (): readonly string[] => [
  "thin_client/inside/run_list.ts",
  ...readdirSync(join(slipwayRoot, "lib"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `lib/${name}`)
    .sort(),
];

async function keyOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [...files, ...ownFiles().map((name) => join(slipwayRoot, name))]) {
    const { size, mtimeMs } = await stat(path);
    hash.update(JSON.stringify([relative(slipwayRoot, path), size, mtimeMs]));
  }
  return hash.digest("hex").slice(0, 24);
}

function fill(slipway: string, bun: string, { loader, files }: Libraries): void {
  const runtime = join(slipway, relative("/slipway", runtimeFolder));
  for (const file of new Set(files)) stageFile(file, join(runtime, basename(file)), 0o644);
  stageFile(loader, join(runtime, "loader"), 0o755);
  stageFile(bun, join(runtime, "bun"), 0o755);
  for (const name of ownFiles()) stageFile(join(slipwayRoot, name), join(slipway, "own", name), 0o644);
  // Whoever the list runs as writes there.
  for (const name of [".", "reports", "work", "home"]) stageFolder(join(slipway, name), 0o1777);
}
