import { createHash } from "node:crypto";
import type { Room } from "../config/limits.ts";
import { isWithoutEngine } from "../names/engine.ts";
import type { EngineFacts, LocalImage } from "../plan/facts.ts";
import type { Seen } from "../text/seen.ts";
import { type Captured, capture } from "./shell.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Inspected = {
  Id: string;
  RepoTags?: string[] | null;
  RepoDigests?: string[] | null;
  Os: string;
  Architecture: string;
  Variant?: string;
  RootFS?: { Layers?: string[] | null };
  Config?: { Labels?: Record<string, string> | null } & Readonly<Record<string, unknown>>;
};

/** What `docker info` tells of the engine and of its client (Engine API, "SystemInfo"). */
type Info = {
  readonly ServerVersion?: string;
  readonly OSType?: string;
  readonly Architecture?: string;
  readonly DriverStatus?: unknown;
  readonly ClientInfo?: { readonly Plugins?: readonly { readonly Name: string; readonly Err?: unknown }[] | null };
};

/**
 * Asks the engine, read-only and side by side, whether it answers, what it is and what the named images are. Of one that was
 * seen just now only the images are asked for; where it has none of them, it may have gone since.
 */
export async function loadEngine(
  references: readonly string[] | Promise<readonly string[]>,
  { cwd, env, seen = null }: { readonly cwd: string; readonly env: Env; readonly seen?: Seen["engine"] | null },
): Promise<EngineFacts> {
  const known = seen && (await inspectImages(await references, cwd, env));
  if (seen && known && known.length > 0) return { ...seen, images: known };
  const [{ code, stdout, stderr }, images] = await Promise.all([
    capture(["docker", "info", "--format", "{{json .}}"], { cwd, env }),
    Promise.resolve(references).then((all) => inspectImages(all, cwd, env)),
  ]);
  const info = (code === 0 ? JSON.parse(stdout) : {}) as Info;
  // A client whose engine does not answer tells of itself only, and may end with 0.
  const up = Boolean(info.ServerVersion);
  return {
    up,
    why: up ? "" : reason(stderr) || "docker info names none",
    version: info.ServerVersion ?? "",
    plugins: (info.ClientInfo?.Plugins ?? []).filter(({ Err }) => !Err).map(({ Name }) => Name),
    platform: up ? enginePlatform(info) : hostPlatform(),
    store: up && !JSON.stringify(info.DriverStatus).includes("io.containerd.snapshotter") ? "classic" : "containerd",
    images: up ? images : [],
    ...(isWithoutEngine(env) ? { inside: true as const } : {}),
  };
}

/** The cores and the memory of the engine's machine; null where it does not tell. */
export async function engineRoom(cwd: string, env: Env): Promise<Room | null> {
  const { stdout } = await capture(["docker", "info", "--format", "{{.NCPU}} {{.MemTotal}}"], { cwd, env });
  const [, cpus, memory] = /^(\d+) (\d+)\s*$/.exec(stdout) ?? [];
  const room = { cpus: Number(cpus), memory: Number(memory) };
  return room.cpus > 0 && room.memory > 0 ? room : null;
}

/** The kernel's word for a machine in the words of images (containerd, platforms/database.go). */
const architectures: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  armv7l: "arm/v7",
  armv6l: "arm/v6",
  i686: "386",
};
const enginePlatform = ({ OSType = "linux", Architecture = "" }: Info): string =>
  `${OSType}/${architectures[Architecture] ?? Architecture}`;

/** The images of these references that the engine has: asked for at once, as what takes time is a program's start. */
export async function inspectImages(references: readonly string[], cwd: string, env: Env): Promise<LocalImage[]> {
  const inspect = async (...some: readonly string[]): Promise<readonly Inspected[]> => {
    const { stdout } = await capture(["docker", "image", "inspect", ...some], { cwd, env });
    return JSON.parse(stdout.trim() || "[]") as readonly Inspected[];
  };
  const found = references.length > 0 ? await inspect(...references) : [];
  const images =
    byReference(references, found) ?? (await Promise.all(references.map(async (one) => (await inspect(one))[0])));
  return images.flatMap((image, index) => {
    const reference = references[index];
    return image && reference ? [toImage(reference, image)] : [];
  });
}

/** What is there comes in the order that it was asked for, what is not there is left out; null where no name tells which. */
function byReference(
  references: readonly string[],
  found: readonly Inspected[],
): readonly (Inspected | undefined)[] | null {
  if (found.length === references.length) return found;
  const namesOf = ({ Id, RepoTags, RepoDigests }: Inspected) => [Id, ...(RepoTags ?? []), ...(RepoDigests ?? [])];
  const named = references.map((reference) => found.find((image) => namesOf(image).includes(reference)));
  return named.filter((image) => image !== undefined).length === found.length ? named : null;
}

const toImage = (reference: string, image: Inspected): LocalImage => ({
  reference,
  id: image.Id,
  digests: [...new Set([...(image.RepoDigests ?? []).map((digest) => digest.split("@")[1] ?? ""), image.Id])],
  labels: image.Config?.Labels ?? {},
  platform: [image.Os, image.Architecture, image.Variant].filter(Boolean).join("/"),
  content: contentOf(image),
});

/** Hash of what an image is to one that is built on it: the same in both image stores, which have ids of their own. */
function contentOf({ Os, Architecture, Variant, RootFS, Config }: Inspected): string {
  const settings = ["Env", "Entrypoint", "Cmd", "User", "WorkingDir"].map((name) => Config?.[name] || null);
  const parts = [Os, Architecture, Variant || null, RootFS?.Layers ?? [], settings];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

const reason = (stderr: string): string => stderr.trim().split("\n").at(-1) ?? "";
/** Node's word for the machine, in the engine's words. */
export const hostPlatform = (): string =>
  `linux/${{ x64: "amd64", arm: "arm/v7" }[process.arch as string] ?? process.arch}`;

/** Asks the engine's client for images. An engine from which somebody removes one meanwhile says so and lists nothing: asked again. */
export async function listImages(
  words: readonly string[],
  where: { readonly cwd: string; readonly env: Env },
): Promise<Captured> {
  const ask = () => capture(["docker", "image", "ls", ...words], where);
  let listed = await ask();
  for (let turn = 0; listed.code !== 0 && /no such|not found/i.test(listed.stderr) && turn < 3; turn += 1)
    listed = await ask();
  return listed;
}

/** The names of all images of the engine; none where it does not answer. */
export async function imageNames(where: { readonly cwd: string; readonly env: Env }): Promise<readonly string[]> {
  const listed = await listImages(["--format", "{{.Repository}}:{{.Tag}}"], where);
  return listed.code === 0 ? listed.stdout.split("\n").filter((name) => name !== "") : [];
}

/** The tags of a repository in the engine; none where it does not answer. */
export async function imageTags(
  repository: string,
  where: { readonly cwd: string; readonly env: Env },
): Promise<readonly string[]> {
  const listed = await listImages(["--format", "{{.Tag}}", repository], where);
  return listed.code === 0 ? listed.stdout.split("\n") : [];
}
