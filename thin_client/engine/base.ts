import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, run } from "./command.ts";
import { assertDebian, assertRoot, sourcesText, usualMirror } from "./debian.ts";
import { ensureArchive, type ImageRecipe, loadArchive } from "./images.ts";
import type { Env, Layout } from "./layout.ts";
import { fromFirst, installPackages } from "./packages.ts";

/** The image that quickstart and tests build on: Debian 12 with nothing but its package manager. */
export const baseImage = "slipway/base:bookworm";

const codename = "bookworm";
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** The name that Debian and Docker have for this machine's processor. */
export const ownArchitecture = (): string => architectures[process.arch] ?? process.arch;

/** Whether the engine has the image. */
export const hasImage = async (docker: Env, name: string): Promise<boolean> =>
  (await run(["docker", "image", "inspect", "--format", "{{.Id}}", name], { env: docker })).code === 0;

const recipe = (at: Layout): ImageRecipe => ({
  name: baseImage,
  file: `base-${codename}-${ownArchitecture()}`,
  architectures: [ownArchitecture()],
  command: ["bash"],
  fill: (folder) => bootstrap(at, folder),
});

/** Makes the archive of the base image by debootstrap unless it is kept already; needs no engine. */
export async function ensureBaseArchive(at: Layout, say: (line: string) => void): Promise<void> {
  await ensureArchive(at, recipe(at), () => say(`making ${baseImage} by debootstrap (about 40 s)`));
}

/** Brings the base image into the engine unless it is there, from the kept archive. */
export async function ensureBase(at: Layout, docker: Env, say: (line: string) => void): Promise<void> {
  if (await hasImage(docker, baseImage)) return;
  await ensureBaseArchive(at, say);
  await loadArchive(at, docker, recipe(at));
}

async function bootstrap(at: Layout, folder: string): Promise<void> {
  assertRoot();
  const debian = { ...assertDebian(), codename };
  await installPackages(at, ["debootstrap"]);
  const log = join(at.log, "base.log");
  await fromFirst([...new Set([debian.mirror, usualMirror])], async (mirror) => {
    rmSync(folder, { recursive: true, force: true });
    await must(["debootstrap", "--variant=minbase", codename, folder, mirror], { log });
  });
  rmSync(join(folder, "etc/apt/sources.list"), { force: true });
  writeFileSync(join(folder, "etc/apt/sources.list.d/debian.sources"), sourcesText(debian));
  const settings = 'APT::Install-Recommends "false";\nAPT::Get::Assume-Yes "true";\nAcquire::Languages "none";\n';
  writeFileSync(join(folder, "etc/apt/apt.conf.d/80slipway"), settings);
  // As the hub's images of Debian have it: a layer that was not written whole is thrown away, so dpkg need not wait for the disk.
  writeFileSync(join(folder, "etc/dpkg/dpkg.cfg.d/80slipway"), "force-unsafe-io\n");
  for (const left of [
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "etc/machine-id",
    "etc/resolv.conf",
    "etc/hostname",
  ]) {
    rmSync(join(folder, left), { recursive: true, force: true });
  }
  await must([
    "mkdir",
    "-p",
    ...["var/cache/apt/archives/partial", "var/lib/apt/lists/partial", "var/log/apt"].map((it) => join(folder, it)),
  ]);
}
