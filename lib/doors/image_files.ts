import { spawn } from "node:child_process";
import { posix } from "node:path";
import type { ReadEntry } from "tar";
import { UserError } from "../errors.ts";
import { capture } from "./shell.ts";

export type ReadImage = {
  readonly wanted: (path: string) => boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

/**
 * Texts of the wanted files of an image, by path without the first slash: a container is made of it, never started, its
 * files are streamed past, and it is removed on every way out. Throws where the engine does not have the image.
 */
export async function readImageFiles(reference: string, read: ReadImage): Promise<ReadonlyMap<string, string>> {
  const ask = (words: readonly string[]) =>
    capture(["docker", ...words], { cwd: read.cwd, env: read.env, apart: true });
  const labels = Object.entries(read.labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]);
  // The entrypoint is only there because an image without one makes no container.
  const apart = ["--pull", "never", "--network", "none", "--entrypoint", "/none"];
  const made = await ask(["create", ...apart, ...labels, reference]);
  const id = made.stdout.trim().split("\n").at(-1) ?? "";
  if (made.code !== 0 || id === "") throw noContainer(reference, made.stderr);
  try {
    const first = await exported(id, read);
    const missing = new Set([...first.links.values()].filter((target) => !first.texts.has(target)));
    // A link's content stands under another name, which may be one that nobody asked for.
    const rest = missing.size > 0 ? await exported(id, { ...read, wanted: (path) => missing.has(path) }) : first;
    const linked = [...first.links].map(
      ([path, to]) => [path, first.texts.get(to) ?? rest.texts.get(to) ?? ""] as const,
    );
    return new Map([...first.texts, ...linked]);
  } finally {
    await ask(["rm", "--force", "--volumes", id]);
  }
}

/** Bytes of all wanted files together: the packages of a large image are a tenth of it. */
const mostBytes = 128 * 2 ** 20;

type Exported = { readonly texts: Map<string, string>; readonly links: Map<string, string> };

const plain = (path: string): string => path.replace(/^(\.?\/)+/, "");

const tar = () => import("../../node_modules/tar/dist/esm/index.min.js");

async function exported(id: string, { wanted, cwd, env, signal }: ReadImage): Promise<Exported> {
  const { Parser } = await tar();
  const found: Exported = { texts: new Map(), links: new Map() };
  let [bytes, refused]: [number, UserError | null] = [0, null];
  const onReadEntry = (entry: ReadEntry) => {
    bytes += entry.size;
    if (bytes <= mostBytes) return keep(entry, found);
    refused ??= tooLarge(plain(entry.path), entry.size);
    child.kill("SIGKILL");
    child.stdout.destroy();
  };
  const parser = new Parser({ filter: (path) => wanted(plain(path)), onReadEntry });
  const child = spawn("docker", ["export", id], { cwd, env: { ...env }, stdio: ["ignore", "pipe", "pipe"], signal });
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const exit = new Promise<number>((resolve) => {
    child.once("error", () => resolve(128));
    child.once("close", (code) => resolve(code ?? 128));
  });
  const parsed = new Promise<void>((resolve, reject) => parser.once("end", resolve).once("error", reject));
  child.stdout.on("data", (chunk: Buffer) => {
    if (parser.write(chunk)) return;
    child.stdout.pause();
    parser.once("drain", () => child.stdout.resume());
  });
  child.stdout.once("end", () => parser.end());
  const code = await exit;
  if (refused) throw refused;
  if (code !== 0) throw notReadable(id, Buffer.concat(errors).toString("utf8"));
  await parsed;
  return found;
}

function keep(entry: ReadEntry, { texts, links }: Exported): void {
  const path = plain(entry.path);
  const target = entry.linkpath ?? "";
  if (entry.type === "Link") links.set(path, plain(target));
  if (entry.type === "SymbolicLink") links.set(path, plain(posix.resolve("/", posix.dirname(path), target)));
  const chunks: Buffer[] = [];
  entry.on("data", (chunk: Buffer) => chunks.push(chunk));
  entry.on("end", () => entry.type === "File" && texts.set(path, Buffer.concat(chunks).toString("utf8")));
}

const noContainer = (reference: string, stderr: string): UserError =>
  new UserError(`the engine could not create a container from ${reference}`, {
    why: stderr.trim().split("\n").at(-1) || "It gave no reason.",
    fix: `Pull it first: docker pull ${reference}; or see what the engine has: docker image ls`,
    kind: "engine",
  });
const tooLarge = (path: string, size: number): UserError =>
  new UserError(`"${path}" of the image has ${size} bytes`, {
    why: `What names packages is read as a whole, and at most ${mostBytes} bytes of it.`,
    fix: `Look at the file: docker create --name look IMAGE, docker cp look:/${path} .`,
  });
const notReadable = (id: string, stderr: string): UserError =>
  new UserError(`the files of container ${id.slice(0, 12)} could not be read`, {
    why: stderr.trim().split("\n").at(-1) || "docker export ended early.",
    fix: "Look at the engine, i doctor, then run the same command again",
    kind: "engine",
  });

/** The files of an archive of tar, packed or not, by their path. */
export async function filesOfTar(bytes: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const { Parser } = await tar();
  const found = new Map<string, Buffer>();
  const onReadEntry = (entry: ReadEntry) => {
    const chunks: Buffer[] = [];
    entry.on("data", (chunk: Buffer) => chunks.push(chunk));
    entry.on("end", () => void (entry.type === "File" && found.set(entry.path, Buffer.concat(chunks))));
    entry.resume();
  };
  const parser = new Parser({ onReadEntry });
  await new Promise<void>((resolve, reject) => {
    parser.once("end", resolve).once("error", reject);
    parser.end(bytes);
  });
  return found;
}
