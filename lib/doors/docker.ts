import { createHash } from "node:crypto";
import type { EngineFacts, LocalImage } from "../model/facts.ts";
import { capture } from "./shell.ts";

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

/** Asks the engine, read-only, whether it answers, what it is and what the named images are. */
export async function loadEngine(references: readonly string[], cwd: string, env: Env): Promise<EngineFacts> {
  const { code, stdout, stderr } = await capture(["docker", "info", "--format", "{{json .}}"], { cwd, env });
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
    images: up ? await inspectImages(references, cwd, env) : [],
  };
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

/** The images of these references that the engine has. */
export async function inspectImages(references: readonly string[], cwd: string, env: Env): Promise<LocalImage[]> {
  const found = await Promise.all(
    references.map((reference) => capture(["docker", "image", "inspect", reference], { cwd, env })),
  );
  return found.flatMap(({ code, stdout }, index) => {
    const image = code === 0 ? (JSON.parse(stdout) as Inspected[])[0] : undefined;
    const reference = references[index];
    return image && reference ? [toImage(reference, image)] : [];
  });
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

/** The tags of a repository in the engine that start with one of the prefixes; none where the engine does not answer. */
export async function localTags(
  repository: string,
  prefixes: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Env },
): Promise<string[]> {
  const ask = () => capture(["docker", "image", "ls", "--format", "{{.Tag}}", repository], { cwd, env });
  let listed = await ask();
  // An engine that somebody else removes an image from while it lists says so and lists nothing.
  for (let turn = 0; listed.code !== 0 && /no such|not found/i.test(listed.stderr) && turn < 3; turn += 1)
    listed = await ask();
  const tags = listed.code === 0 ? listed.stdout.split("\n") : [];
  return tags.filter((tag) => prefixes.some((prefix) => tag.startsWith(`${prefix}-`)));
}
