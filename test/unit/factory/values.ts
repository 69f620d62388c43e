import { type Config, parseConfig } from "../../../lib/config/config.ts";
import { UserError } from "../../../lib/errors.ts";
import type { EnvLook } from "../../../lib/machine/look_env.ts";
import { type ChangelogEntry, parseChangelog } from "../../../lib/names/changelog.ts";
import type { LogEntry, Signature } from "../../../lib/names/log.ts";
import { parseVersion, type Version } from "../../../lib/names/version.ts";
import type { Owner, TagState } from "../../../lib/plan/facts.ts";
import { agreed } from "../config_schema.ts";

/** The digest whose every hex digit is this one. */
export const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** The commit whose every hex digit is this one. */
export const commit = (letter: string): string => letter.repeat(40);

export const version = (text: string): Version => parseVersion(text);

/** What a refused rule says; fails where nothing is refused, and where it does not say what, why and what to type. */
export function refusal(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    return told(error);
  }
  throw new Error("nothing was refused");
}

/** The same of what ends later. */
export async function refusalOf(running: Promise<unknown>): Promise<UserError> {
  const error = await running.then(
    () => new Error("nothing was refused"),
    (reason: unknown) => reason,
  );
  return told(error);
}

function told(error: unknown): UserError {
  if (!(error instanceof UserError)) throw error;
  const { message, why, fix } = error;
  for (const text of [message, why, fix])
    if (text.trim() === "" || /undefined|\[object|NaN/.test(text)) throw new Error(`says "${text}"`, { cause: error });
  return error;
}

type Yaml = Readonly<Record<string, unknown>>;

/** A config from the sections of repo_config.yaml, of which editors are told the same; a section that is given replaces the default one. */
export function config(sections: Yaml = {}): Config {
  const value = {
    docker_info: { docker_image_name: "cmamp" },
    container_registry_info: {
      ecr: { address: "127.0.0.1:5001", kind: "ecr" },
      dockerhub: { address: "127.0.0.1:5002", kind: "oci" },
    },
    ...sections,
  };
  return agreed(value, () => parseConfig({ file: "repo_config.yaml", lineOf: () => 1, value }));
}

/** Entries of cmamp with one change each, as `1.2.0` for dev or `prod-1.2.0`. */
export const changelog = (...names: readonly string[]): ChangelogEntry[] =>
  parseChangelog(names.map((name) => `# cmamp-${name}\n- 2025-01-02\n- Change\n`).join("\n"), "cmamp", "changelog.txt");

export const owner = (more: Partial<Owner> = {}): Owner => ({
  nonce: "n1",
  user: "gp",
  host: "laptop",
  boot: "boot-1",
  namespace: "4026531836",
  pid: 42,
  started: "100",
  commit: commit("a"),
  run: "",
  attempt: "",
  at: 1_000,
  ...more,
});

export const found = (hash: string, labels: Readonly<Record<string, string>> = {}): TagState => ({
  state: "found",
  digest: hash,
  labels,
});

/** One line of the log as Ann wrote it. */
export const logged = (entry: LogEntry, more: Partial<Signature> = {}): LogEntry & Signature => ({
  at: "2025-01-02T10:00:00Z",
  by: "ann",
  host: "ci",
  ...entry,
  ...more,
});

/** What `env_print` finds where all has its default and every variable comes from `.env`. */
export const seenEnv = (): EnvLook => ({
  programs: [{ name: "git", version: "2.47.3" }],
  runtime: "node 24.0.0",
  lint: { image: null, entrypoint: true, linters: [] },
  services: null,
  lineOf: () => null,
  originOf: () => ".env",
});
