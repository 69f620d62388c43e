import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Repository } from "../../lib/oci/registry.ts";
import { repositoryOf } from "../../lib/oci/registry.ts";
import { handImage, pushByHand } from "./hand_image.ts";

/** Pushes an image with layers of so many megabytes of zeros, streamed from sparse files; gives its digest. */
export async function pushBig(address: string, megabytes: readonly number[]): Promise<string> {
  const repo = repositoryOf({ name: "source", kind: "oci", required: true, address }, "big");
  const layers: Layer[] = [];
  for (const size of megabytes) layers.push(await pushLayer(repo, size * 1_000_000));
  const image = handImage("big", [], { pushed: layers });
  await pushByHand(repo, image);
  return image.digest;
}

type Layer = { readonly size: number; readonly digest: string };

async function pushLayer(repo: Repository, size: number): Promise<Layer> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-big-"));
  const file = join(folder, "layer");
  writeFileSync(file, "");
  truncateSync(file, size);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const layer = { size, digest: `sha256:${hash.digest("hex")}` };
  await putFile(repo, file, layer);
  rmSync(folder, { recursive: true });
  return layer;
}

async function putFile(repo: Repository, file: string, layer: Layer): Promise<void> {
  const opened = await fetch(`http://${repo.host}/v2/${repo.path}/blobs/uploads/`, { method: "POST" });
  const url = `${opened.headers.get("location")}&digest=${layer.digest}`;
  const put = request(url, { method: "PUT", headers: { "content-length": layer.size } });
  const answered = new Promise<number>((resolve, reject) => {
    put.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    put.on("error", reject);
  });
  await pipeline(createReadStream(file), put);
  if ((await answered) !== 201) throw new Error("the big layer was not taken");
}

/** What one copy took. */
export type Copied = { readonly outcomes: readonly string[]; readonly peak: number; readonly milliseconds: number };

/** Copies an image in a process of its own, started by `command` (`node --import tsx`, `bun`), and measures it. */
export async function copyApart(command: readonly string[], words: readonly string[]): Promise<Copied> {
  const [program = "", ...before] = command;
  const child = spawn(program, [...before, join(import.meta.dirname, "copy_child.ts"), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text) as Copied;
}

const bin = join(import.meta.dirname, "../../node_modules/.bin");

/** The two runtimes with the memory each may take, in KiB (design.md, "Speed to reach"). */
export const runtimes = [
  { name: "node", command: [process.execPath, "--import", "tsx"], bar: 150 * 1024 },
  { name: "bun", command: [join(bin, "bun")], bar: 100 * 1024 },
] as const;
