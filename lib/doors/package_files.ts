import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { UserError } from "../errors.ts";
import { filesIn } from "./files.ts";
import { filesOfTar } from "./image_files.ts";

/** A built package: its bytes, and what is in it. */
export type PackageFile = {
  readonly path: string;
  readonly name: string;
  readonly bytes: Buffer;
  readonly members: ReadonlyMap<string, Buffer>;
};
export const hashOf = (algorithm: "sha256" | "sha512", bytes: Buffer) => createHash(algorithm).update(bytes);

/** The packages in a folder, sorted by name: wheels, sdists and archives of npm. */
export const readPackages = (folder: string): Promise<readonly PackageFile[]> =>
  Promise.all(
    filesIn(folder)
      .filter((name) => /\.(whl|tar\.gz|tgz)$/.test(name))
      .map(async (name) => {
        const path = join(folder, name);
        const bytes = readFileSync(path);
        return { path, name, bytes, members: await membersOf(name, bytes) };
      }),
  );

/** Files of an archive by their path. */
export const membersOf = async (name: string, bytes: Buffer): Promise<ReadonlyMap<string, Buffer>> =>
  name.endsWith(".whl") ? unzipped(name, bytes) : filesOfTar(bytes);

/** By its directory at the end of the file (PKWARE's APPNOTE.TXT, 4.3.12 and 4.3.16); a wheel is stored or deflated. */
function unzipped(name: string, bytes: Buffer): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  try {
    const end = bytes.lastIndexOf("PK\u0005\u0006", undefined, "latin1");
    let at = bytes.readUInt32LE(end + 16);
    for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
      const [method, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
      const [path, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
      const local = bytes.readUInt32LE(at + 42);
      const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const packed = bytes.subarray(start, start + size);
      const file = bytes.toString("utf8", at + 46, at + 46 + (path ?? 0));
      if (!file.endsWith("/")) found.set(file, method === 8 ? inflateRawSync(packed) : packed);
      at += 46 + (path ?? 0) + (extra ?? 0) + (comment ?? 0);
    }
    return found;
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof Error && "code" in error)) throw error;
    throw new UserError(`${basename(name)} cannot be read`, {
      why: "A wheel is a zip archive, and this one has no whole directory.",
      fix: "Build it again",
      kind: "package",
    });
  }
}

/** Whether two archives hold the same files: what a second build packs anew has other times, and so other bytes. */
export function isSameContent(one: ReadonlyMap<string, Buffer>, other: ReadonlyMap<string, Buffer>): boolean {
  return one.size === other.size && [...one].every(([path, bytes]) => other.get(path)?.equals(bytes) === true);
}
