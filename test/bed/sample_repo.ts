import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addRemote, commitAll, git } from "./git.ts";

export type SampleOptions = {
  readonly dir: string;
  /** Name of the image and the repo. */
  readonly name: string;
  /** What the dev image starts FROM. */
  readonly base: string;
  /** Addresses of the registries, by kind. */
  readonly registries: Readonly<Partial<Record<"ecr" | "dockerhub" | "ghcr" | "oci", string>>>;
  /** More build arguments, e.g. PACKAGE_INDEX. */
  readonly buildArgs?: Readonly<Record<string, string>>;
};
export type SampleRepo = { readonly dir: string; readonly remote: string | null };

const template = fileURLToPath(new URL("../../thin_client/template", import.meta.url));

/** A Git repo with the template as its runnable dir, one commit and, on request, the bare remote `<dir>.git`. */
export async function makeSampleRepo(options: SampleOptions & { readonly remote?: boolean }): Promise<SampleRepo> {
  await writeRunnableDir(options);
  await commitAll(options.dir, `Start ${options.name}`);
  return { dir: options.dir, remote: options.remote ? await addRemote(options.dir) : null };
}

/** One more runnable dir inside a sample repo, committed. */
export async function addRunnableDir(repo: string, options: SampleOptions): Promise<void> {
  await writeRunnableDir(options);
  await commitAll(repo, `Add ${options.name}`);
}

/** Mounts one repo as a submodule of another, at a path below it; returns the submodule's folder. */
export async function addSubmodule(repo: string, path: string, source: string): Promise<string> {
  await git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", source, path);
  await git(
    join(repo, path),
    "-c",
    "protocol.file.allow=always",
    "submodule",
    "--quiet",
    "update",
    "--init",
    "--recursive",
  );
  await commitAll(repo, `Add submodule ${path}`);
  return join(repo, path);
}

/** A second work tree of a repo, on a branch of its own. */
export async function addWorktree(repo: string, dir: string, branch: string): Promise<string> {
  await git(repo, "worktree", "add", "--quiet", "-b", branch, dir);
  return dir;
}

async function writeRunnableDir(options: SampleOptions): Promise<void> {
  await mkdir(options.dir, { recursive: true });
  await cp(template, options.dir, { recursive: true, filter: (path) => !/__pycache__|\.pytest_cache/.test(path) });
  await rename(join(options.dir, "gitignore"), join(options.dir, ".gitignore"));
  const named = (text: string) => text.replace(/\bsample\b/g, options.name);
  await rewrite(join(options.dir, "changelog.txt"), named);
  // pyproject.toml keeps its name, so that the builder installs the same packages once for all tests.
  await rewrite(join(options.dir, "repo_config.yaml"), (text) => configured(named(text), options));
}

async function rewrite(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, "utf8")));
}

function configured(text: string, { base, registries, buildArgs }: SampleOptions): string {
  const rows = Object.entries(registries).map(
    ([kind, address]) => `  ${kind}: ${JSON.stringify({ address, kind, required: true })}`,
  );
  const args = JSON.stringify({ BASE_IMAGE: base, ...buildArgs });
  return text
    .replace(/^ {2}ghcr: .*$/m, () => rows.join("\n"))
    .replace(/^ {2}build_args: .*$/m, () => `  build_args: ${args}`);
}
