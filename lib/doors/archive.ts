import { accessSync, constants, existsSync } from "node:fs";
import { resolve } from "node:path";
import { UserError } from "../errors.ts";
import { isDigest } from "../names/image.ts";
import { jsonOf, textAt } from "../text/shape.ts";
import { capture } from "./shell.ts";

/** A file that `docker save` writes or wrote; `digest` is null where the file is not there or not one of these. */
export type Archive = {
  /** Absolute. */
  readonly path: string;
  readonly exists: boolean;
  readonly digest: string | null;
  readonly version: string | null;
};

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What `docker save` wrote to a file: the digest of the image in its OCI layout and the version that its labels name.
 * A path without a root starts where the person stands. Throws for a file that may not be read or holds no image.
 */
export async function readArchive(file: string, env: Env): Promise<Archive> {
  const path = resolve(file);
  if (!existsSync(path)) return { path, exists: false, digest: null, version: null };
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new UserError(`"${path}" may not be read`, {
      why: "An image can hold what is secret, so its file is its owner's alone unless they say otherwise.",
      fix: "Ask its owner for: chmod a+r FILE; they share it so from the start with --readable",
    });
  }
  const entry = async (name: string): Promise<unknown> => {
    const { code, stdout } = await capture(["tar", "--extract", "--to-stdout", "--file", path, name], {
      cwd: "/",
      env,
    });
    return code === 0 ? jsonOf(stdout) : undefined;
  };
  const named = textAt(await entry("index.json"), "manifests", 0, "digest");
  const digest = named !== undefined && isDigest(named) ? named : null;
  return { path, exists: true, digest, version: digest ? await versionOf(entry, digest) : null };
}

const blob = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

async function versionOf(entry: (name: string) => Promise<unknown>, digest: string): Promise<string | null> {
  const config = textAt(await entry(blob(digest)), "config", "digest");
  if (config === undefined || !isDigest(config)) return null;
  return textAt(await entry(blob(config)), "config", "Labels", "org.opencontainers.image.version") ?? null;
}
