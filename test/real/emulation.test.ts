import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { must, run } from "../../thin_client/engine/command.ts";
import { needs } from "../bed/parts.ts";
import { tinyImage } from "../bed/tiny.ts";
import { type Ground, makeGround } from "../bed/tiny_repo.ts";
import { docker, runtimes } from "../bed/workflow.ts";
import { root } from "../unit/source.ts";

let ground: Ground;
let repo = "";
let busybox = "";
beforeAll(async () => {
  // The part installs the emulators as well.
  await needs("foreign", "emulation");
  ground = await makeGround(0);
  repo = await ground.repo("crossed");
  busybox = join(ground.dir, "busybox");
  const box = (await docker("create", "--platform", "linux/arm64", tinyImage, "true")).trim();
  await docker("cp", `${box}:/bin/busybox`, busybox);
  await docker("rm", box);
});
afterAll(() => ground.end());

it("release_enable_cross_build has the kernel run programs of arm64, and --undo ends that", async () => {
  const i = [...runtimes.bun, join(root, "scripts/release_enable_cross_build.ts"), "--quiet"].join(" ");
  // A user namespace may have a list of emulations of its own (Linux 6.7), which is made, and hidden until it is mounted again.
  const text = [
    "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc; mount -t tmpfs none /proc/sys/fs/binfmt_misc",
    `machine() { '${busybox}' uname -m 2>/dev/null || echo none; }`,
    `machine; ${i} --dry-run >&2; machine; ${i} >&2; machine; ${i} >&2; machine; ${i} --undo >&2; machine`,
  ].join("\n");
  const words = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", text];
  const { stdout, stderr } = await run(words, { cwd: repo });
  expect(stdout.trim().split("\n"), stderr).toEqual(["none", "none", "aarch64", "aarch64", "none"]);
  expect(await must(["cat", "/proc/sys/fs/binfmt_misc/qemu-aarch64"])).toContain("flags: F");
});
