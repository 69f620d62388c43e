import { chmodSync } from "node:fs";
import { join } from "node:path";
import { change, type Ground, write } from "./tiny_repo.ts";

/** A repo in which something is wrong, and how a workflow is started there. */
export type Spoiled = { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> };
export type Spoil = (repo: string, ground: Ground, name: string) => Promise<Spoiled | undefined>;
/** What is typed, what is said, what was done to the repo before, and the exit code where it is a command's own. */
export type BadCase = {
  readonly what: string;
  readonly line: string;
  readonly says: RegExp;
  readonly spoil?: Spoil;
  readonly code?: number;
  /** It comes as far as the tests: the image that they ran in is kept, and they may write what they like. */
  readonly runs?: true;
};

/** What most cases type. */
export const release = "docker_release_dev --version 1.0.0";
/** Commits these files. */
export const commits =
  (texts: Readonly<Record<string, string>>): Spoil =>
  async (repo) => {
    await change(repo, texts);
    return undefined;
  };
/** Writes these files and commits nothing. */
export const leaves =
  (texts: Readonly<Record<string, string>>): Spoil =>
  async (repo) => {
    write(repo, texts);
    return undefined;
  };
export const dockerfile = (text: string) => commits({ "devops/docker_build/dev.Dockerfile": text });
/** Adds a line to the config. */
export const config =
  (line: string): Spoil =>
  async (repo, ground, name) => {
    const registries = Object.entries(ground.addresses).map(([key, at]) => `  ${key}: {address: "${at}", kind: oci}`);
    const text = [`docker_info: {docker_image_name: ${name}}`, "container_registry_info:", ...registries, line, ""];
    await change(repo, { "repo_config.yaml": text.join("\n") });
  };
/** The remote refuses refs of this pattern. */
export const hook =
  (refused: string): Spoil =>
  async (repo) => {
    const text = `#!/bin/sh\nwhile read old new ref; do case $ref in ${refused}) echo no "$ref" >&2; exit 1;; esac; done\n`;
    write(`${repo}.git`, { "hooks/pre-receive": text });
    chmodSync(join(`${repo}.git`, "hooks/pre-receive"), 0o755);
  };
