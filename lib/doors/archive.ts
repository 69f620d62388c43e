import { accessSync, constants, existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Archive } from "../model/around_facts.ts";
import { UserError } from "../model/errors.ts";

import { capture } from "./shell.ts";

type Env = Readonly<Record<string, string | undefined>>;
type Index = { manifests?: { digest?: string }[] };

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
    return code === 0 ? JSON.parse(stdout) : null;
  };
  const digest = ((await entry("index.json")) as Index | null)?.manifests?.[0]?.digest ?? null;
  return { path, exists: true, digest, version: digest ? await versionOf(entry, digest) : null };
}

const blob = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

async function versionOf(entry: (name: string) => Promise<unknown>, digest: string): Promise<string | null> {
  const manifest = (await entry(blob(digest))) as { config?: { digest?: string } } | null;
  const config = manifest?.config?.digest ? await entry(blob(manifest.config.digest)) : null;
  const labels = (config as { config?: { Labels?: Record<string, string> | null } } | null)?.config?.Labels;
  return labels?.["org.opencontainers.image.version"] ?? null;
}
