import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { addRemote, commitAll } from "./git.ts";

export type OriginalOptions = {
  /** What the Dockerfile starts FROM. */
  readonly base: string;
  readonly registries: { readonly ecr: string; readonly ghcr: string };
  /** Relative to the repo; anything but `.` has links that leave the build context. */
  readonly runnableDir?: string;
};
export type OriginalRepo = { readonly dir: string; readonly runnableDir: string; readonly remote: string };

const layout = fileURLToPath(new URL("original_layout", import.meta.url));

/**
 * Writes a Git repo laid out as the ones of the Python original, with a bare remote beside it: the toolchain in
 * helpers_root, a runnable dir whose devops/ links into it, and an entrypoint that lies in the mounted code.
 */
export async function makeOriginalRepo(dir: string, options: OriginalOptions): Promise<OriginalRepo> {
  const runnableDir = join(dir, options.runnableDir ?? ".");
  await mkdir(runnableDir, { recursive: true });
  await cp(join(layout, "helpers_root"), join(dir, "helpers_root"), { recursive: true });
  await cp(join(layout, "runnable_dir"), runnableDir, { recursive: true });
  const words = {
    BASE_IMAGE: options.base,
    ECR_ADDRESS: options.registries.ecr,
    GHCR_ADDRESS: options.registries.ghcr,
  };
  await substitute(join(dir, "helpers_root/devops/docker_build/dev.Dockerfile"), words);
  await substitute(join(runnableDir, "repo_config.yaml"), words);
  await linkFiles(join(dir, "helpers_root/devops/docker_build"), join(runnableDir, "devops/docker_build"));
  await linkFiles(join(dir, "helpers_root/devops/docker_run"), join(runnableDir, "devops/docker_run"));
  await commitAll(dir, "The layout of the original");
  return { dir, runnableDir, remote: await addRemote(dir) };
}

async function substitute(file: string, words: Readonly<Record<string, string>>): Promise<void> {
  const text = await readFile(file, "utf8");
  await writeFile(
    file,
    Object.entries(words).reduce((all, [word, value]) => all.replaceAll(word, value), text),
  );
}

/** One relative link for each file of a folder, as the original's script for common files makes them. */
async function linkFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    const link = join(to, name);
    await symlink(relative(dirname(link), join(from, name)), link);
  }
}
