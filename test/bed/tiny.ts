import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { hasImage, ownArchitecture } from "../../thin_client/engine/base.ts";
import { must } from "../../thin_client/engine/command.ts";
import { ensureArchive, hasArchive, type ImageRecipe, loadArchive } from "../../thin_client/engine/images.ts";
import type { Env, Layout } from "../../thin_client/engine/layout.ts";
import { unpackPackages } from "../../thin_client/engine/packages.ts";

/** An image of 2 MB with a shell and the usual small programs, for tests that need no Python. */
export const tinyImage = "slipway/tiny:1";

const own = ownArchitecture();
/** What multi-arch tests build for beside the machine's own; Debian's words. */
const others: readonly string[] = [own === "amd64" ? "arm64" : "amd64", "armhf"];
const folderOf = (at: Layout, architecture: string): string => join(at.packages, `busybox-${architecture}`);

const recipe = (at: Layout, architectures: readonly string[]): ImageRecipe => ({
  name: tinyImage,
  file: `tiny_${architectures.join("_")}`,
  architectures,
  command: ["sh"],
  fill: (folder, architecture) => fill(at, folder, architecture),
});

/** Which of the recipes the image is made by on this machine, and what kept the other architectures away. */
type Tiny = { readonly recipe: ImageRecipe; readonly foreign: Error | null };

/** Makes the image's archive: with the other architectures, or without them where their packages cannot be read. */
export async function ensureTinyArchive(at: Layout): Promise<Tiny> {
  const all = recipe(at, [own, ...others]);
  if (hasArchive(at, all)) return { recipe: all, foreign: null };
  // An index of a foreign architecture is read by few: Debian 12's is the one that changes least.
  const bring = (architecture: string) =>
    unpackPackages(at, ["busybox-static"], folderOf(at, architecture), {
      architecture,
      suites: ["trixie", "bookworm", "sid"],
    });
  const brought = await Promise.allSettled([own, ...others].map(bring));
  const [ownBusybox, ...foreign] = brought;
  if (ownBusybox?.status === "rejected") throw ownBusybox.reason;
  const failed = foreign.find((one) => one.status === "rejected");
  const made = failed ? recipe(at, [own]) : all;
  await ensureArchive(at, made, () => undefined);
  return { recipe: made, foreign: failed ? toError(failed.reason) : null };
}

/** Brings the tiny image into an engine unless it is there. */
export async function ensureTiny(at: Layout, docker: Env): Promise<void> {
  if (await hasImage(docker, tinyImage)) return;
  await loadArchive(at, docker, (await ensureTinyArchive(at)).recipe);
}

const toError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

async function fill(at: Layout, folder: string, architecture: string): Promise<void> {
  // Debian 12 has it in /bin, which is a link in later ones.
  const unpacked = (name: string) => {
    const places = ["usr/bin/busybox", "bin/busybox"].map((path) => join(folderOf(at, name), path));
    return places.find((path) => existsSync(path)) ?? places.join(" or ");
  };
  for (const name of ["bin", "tmp", "root", "etc"]) mkdirSync(join(folder, name));
  chmodSync(join(folder, "tmp"), 0o1777);
  copyFileSync(unpacked(architecture), join(folder, "bin", "busybox"));
  const applets = await must([unpacked(own), "--list"]);
  for (const applet of applets.split("\n")) {
    if (applet !== "" && applet !== "busybox") symlinkSync("busybox", join(folder, "bin", applet));
  }
}
