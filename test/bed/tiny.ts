import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { hasImage, ownArchitecture } from "../../thin_client/engine/base.ts";
import { must } from "../../thin_client/engine/command.ts";
import { withLock } from "../../thin_client/engine/holders.ts";
import { ensureImage } from "../../thin_client/engine/images.ts";
import { type Env, type Layout, layout } from "../../thin_client/engine/layout.ts";
import { unpackPackages } from "../../thin_client/engine/packages.ts";

/** An image of 2 MB with a shell and the usual small programs, for tests that need no Python. */
export const tinyImage = "slipway/tiny:1";

/** Brings the tiny image into the engine unless it is there, for three architectures. */
export async function ensureTiny(docker: Env): Promise<void> {
  const at = layout(docker);
  await withLock(
    at.home,
    () => undefined,
    () => bringTiny(at, docker),
  );
}

async function bringTiny(at: Layout, docker: Env): Promise<void> {
  if (await hasImage(docker, tinyImage)) return;
  const own = ownArchitecture();
  await ensureImage(at, docker, {
    name: tinyImage,
    file: "tiny_three_architectures",
    architectures: [own, own === "amd64" ? "arm64" : "amd64", "armhf"],
    command: ["sh"],
    fill: (folder, architecture) => fill(at, folder, architecture),
  });
}

async function fill(at: Layout, folder: string, architecture: string): Promise<void> {
  const own = ownArchitecture();
  const unpacked = (name: string) => join(at.packages, `busybox-${name}`, "usr", "bin", "busybox");
  await unpackPackages(at, ["busybox-static"], join(at.packages, `busybox-${architecture}`), architecture);
  for (const name of ["bin", "tmp", "root", "etc"]) mkdirSync(join(folder, name));
  chmodSync(join(folder, "tmp"), 0o1777);
  copyFileSync(unpacked(architecture), join(folder, "bin", "busybox"));
  const applets = await must([unpacked(own), "--list"]);
  for (const applet of applets.split("\n")) {
    if (applet !== "" && applet !== "busybox") symlinkSync("busybox", join(folder, "bin", applet));
  }
}
