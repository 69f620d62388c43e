import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bootstrap, codename } from "./bootstrap.ts";
import { run } from "./command.ts";
import { archiveOf, ensureArchive, hasArchive, type ImageRecipe, loadArchive } from "./images.ts";
import type { Env, Layout } from "./layout.ts";

/** Debian 12 with nothing but its package manager. */
export const baseImage = `slipway/base:${codename}` as const;

/** The same with what the template's image installs by apt: such a build on it has nothing left to fetch there. */
export const pythonImage = `slipway/python:${codename}` as const;

/** The images that are made here of Debian's packages. */
export const madeImages = [baseImage, pythonImage] as const;
export type MadeImage = (typeof madeImages)[number];

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** The name that Debian and Docker have for this machine's processor. */
export const ownArchitecture = (): string => architectures[process.arch] ?? process.arch;

/** Whether the engine has the image. */
export const hasImage = async (docker: Env, name: string): Promise<boolean> =>
  (await run(["docker", "image", "inspect", "--format", "{{.Id}}", name], { env: docker })).code === 0;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The packages of an image beside those that every Debian has. */
export const packagesOf = (name: MadeImage): readonly string[] =>
  name === baseImage
    ? []
    : readFileSync(here("../template/devops/docker_build/os_packages.txt"), "utf8")
        .split("\n")
        .map((line) => line.replace(/#.*/, "").trim())
        .filter((line) => line !== "");

/** The archive is named for what it is made from, the way included: a change of either makes another one. */
function recipe(at: Layout, name: MadeImage): ImageRecipe {
  const packages = packagesOf(name);
  const made = createHash("sha256")
    .update(JSON.stringify(packages))
    .update(readFileSync(here("bootstrap.ts")));
  return {
    name,
    file: `${name.replace(/\W/g, "-")}-${ownArchitecture()}-${made.digest("hex").slice(0, 12)}`,
    architectures: [ownArchitecture()],
    command: ["bash"],
    fill: (folder) => bootstrap(at, packages, folder),
  };
}

/** The file that an image is kept in. */
export const madeArchive = (at: Layout, name: MadeImage): string => archiveOf(at, recipe(at, name));

/** Makes the archive of an image unless it is kept already; needs no engine. */
export async function ensureMadeArchive(at: Layout, name: MadeImage, say: (line: string) => void): Promise<void> {
  await ensureArchive(at, recipe(at, name), () => say(`making ${name} of Debian's packages`));
}

/** Brings an image into the engine unless it is there, from the kept archive. */
export async function ensureMade(at: Layout, docker: Env, name: MadeImage, say: (line: string) => void): Promise<void> {
  if (await hasImage(docker, name)) return;
  if (!hasArchive(at, recipe(at, name))) await ensureMadeArchive(at, name, say);
  await loadArchive(at, docker, recipe(at, name));
}
