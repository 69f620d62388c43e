import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { addRemote, commitAll, git } from "./git.ts";
import { needs } from "./parts.ts";
import { type RegistryOptions, startRegistry, type TestRegistry } from "./registry.ts";
import { tinyImage } from "./tiny.ts";
import { dropImages } from "./workflow.ts";

export type TinyOptions = {
  readonly name: string;
  readonly registries: Readonly<Record<string, string>>;
  /** What stands beside the address of a registry, `kind: oci` unless given. */
  readonly kinds?: Readonly<Record<string, string>>;
  readonly gates?: readonly string[];
  /** Whether the test lists say how they run for a prod image. */
  readonly prodWays?: boolean;
  /** The section of repo_config.yaml, as it stands behind the colon. */
  readonly container?: string;
};

/** How the lists run for a prod image: each way once at least. */
const prodWays = { fast: "in_image", slow: "with_dev_packages", superslow: "in_image", qa: "from_outside" } as const;

/** The text of repo_config.yaml. */
export const tinyConfig = ({
  name,
  registries,
  kinds = {},
  gates = ["fast"],
  prodWays: areWays = true,
  container = "{}",
}: TinyOptions): string =>
  [
    `docker_info: {docker_image_name: ${name}}`,
    "container_registry_info:",
    ...Object.entries(registries).map(
      ([key, address]) => `  ${key}: {address: "${address}", ${kinds[key] ?? "kind: oci"}, required: true}`,
    ),
    `container: ${container}`,
    `release: {gates: [${gates.join(", ")}], dev_packages: [/words.txt]}`,
    "tests:",
    ...Object.entries(prodWays).map(
      ([list, way]) => `  ${list}: {command: [sh, test.sh, ${list}]${areWays ? `, prod: ${way}` : ""}}`,
    ),
    "",
  ].join("\n");

/** The files of a runnable dir whose image builds in a second and whose test lists write that they ran beside their reports. */
export const tinyFiles = (options: TinyOptions): Readonly<Record<string, string>> => ({
  "repo_config.yaml": tinyConfig(options),
  "changelog.txt": changelog(options.name, "1.0.0"),
  "test.sh": 'set -e\necho "$1" >> /slipway/reports/runs.txt\n. ./source.sh\n',
  "source.sh": "true\n",
  ".gitignore": "ignored*\n",
  "devops/docker_build/dev.Dockerfile": `FROM ${tinyImage}\nCOPY devops/docker_build/words.txt /words.txt\nCOPY --chmod=0755 devops/docker_build/bash /bin/bash\nWORKDIR /app\n`,
  // The image has no bash; this is enough for what asks for one.
  "devops/docker_build/bash": '#!/bin/sh\nexport BASH_VERSION=none\nexec sh "$@"\n',
  "devops/docker_build/dockerignore.dev": "*\n!devops\n",
  "devops/docker_build/words.txt": `${options.name}\n`,
  "devops/docker_build/prod.Dockerfile": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY . /app\n",
});

/** The text of a changelog with one entry for each version, newest first. */
export const changelog = (name: string, ...versions: readonly string[]): string =>
  versions
    .map(
      (version, index) =>
        `# ${name}-${version}\n- 2025-01-${Math.max(10, 20 - index)}\n- What changed for ${version}\n`,
    )
    .join("\n");

/** A folder of one test file with registries, and all that is to be cleaned up. */
export type Ground = {
  readonly dir: string;
  readonly registries: readonly TestRegistry[];
  /** A registry's address by its key in the config: r1, r2, r3. */
  readonly addresses: Readonly<Record<string, string>>;
  /** A repo with a bare remote `<dir>.git` and the tiny runnable dir. */
  readonly repo: (name: string, more?: Partial<TinyOptions>) => Promise<string>;
  readonly clone: (repo: string, as: string) => Promise<string>;
  readonly end: () => Promise<void>;
};

/** Makes a folder and so many registries, keyed r1, r2, ... */
export async function makeGround(count: number, options: RegistryOptions = {}): Promise<Ground> {
  await needs("engine", "tiny");
  const dir = mkdtempSync(join(tmpdir(), "slipway-ground-"));
  const registries = await Promise.all(Array.from({ length: count }, () => startRegistry(options)));
  const addresses = Object.fromEntries(registries.map(({ address }, index) => [`r${index + 1}`, address]));
  return {
    dir,
    registries,
    addresses,
    repo: async (name, more) => {
      const repo = join(dir, name);
      // A second try of a test starts from nothing, as the first did.
      const stored = registries.map(({ storage }) => join(storage, "docker/registry/v2/repositories", name));
      for (const left of [repo, `${repo}.git`, ...stored]) rmSync(left, { recursive: true, force: true });
      write(repo, tinyFiles({ name, registries: addresses, ...more }));
      await commitAll(repo, "Start");
      await addRemote(repo);
      return repo;
    },
    clone: async (repo, as) => {
      rmSync(join(dir, as), { recursive: true, force: true });
      await git(dir, "clone", "--quiet", `${repo}.git`, as);
      return join(dir, as);
    },
    end: async () => {
      await dropImages(Object.values(addresses));
      await Promise.all(registries.map(({ stop }) => stop()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Writes files below a folder. */
export function write(dir: string, texts: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/** Commits files and pushes them to the remote. */
export async function change(repo: string, texts: Readonly<Record<string, string>>): Promise<string> {
  write(repo, texts);
  const commit = await commitAll(repo, "Change");
  await git(repo, "push", "--quiet", "origin", "HEAD");
  return commit;
}
