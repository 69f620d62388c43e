import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Header } from "tar";
import { expect, it } from "vitest";
import { readImageFiles } from "../../lib/doors/image_files.ts";
import { dockerProgram } from "./docker_program.ts";

const path = "var/lib/dpkg/status";

it("a file of an image that is larger than any list of packages is not read, and the container is removed", async () => {
  const dir = mkdtempSync(join(tmpdir(), "slipway-image-"));
  const docker = dockerProgram(dir);
  const header = Buffer.alloc(512);
  new Header({ path, size: 700 * 2 ** 20, type: "File", mode: 0o644, mtime: new Date(0) }).encode(header, 0);
  writeFileSync(join(dir, "header"), header);
  // An export without an end: it is cut off.
  docker.does(`case $1 in create) echo id ;; export) cat '${dir}/header'; exec cat /dev/zero ;; esac`);
  const env = { PATH: `${docker.bin}:${process.env["PATH"]}` };
  const { signal } = new AbortController();
  const read = readImageFiles("image", { wanted: (name) => name === path, labels: {}, cwd: dir, env, signal });
  await expect(read).rejects.toThrow(`"${path}" of the image has 734003200 bytes`);
  expect(docker.asked().map((line) => line.split(" ")[0])).toEqual(["create", "export", "rm"]);
  rmSync(dir, { recursive: true });
});
