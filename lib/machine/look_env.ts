import { configReader } from "../config/config_reader.ts";
import { type LintSettings, parseLint } from "../config/lint.ts";
import { type NamedServices, parseServices } from "../config/services.ts";
import { loadEnvironment } from "../doors/environment.ts";
import { loadPrograms } from "../doors/programs.ts";
import { loadConfigSource } from "../doors/settings.ts";
import type { Facts, Program } from "../plan/facts.ts";

/** What `env_print` shows beside the facts of every workflow. */
export type EnvLook = {
  readonly programs: readonly Program[];
  readonly runtime: string;
  readonly lint: LintSettings;
  readonly services: NamedServices | null;
  /** Where a key of the config stands, as file:line; null where it has its default. */
  readonly lineOf: (path: readonly string[]) => string | null;
  /** Where a variable comes from. */
  readonly originOf: (name: string) => string;
};

/** Asks the programs for their versions, and reads where values come from. */
export async function lookForEnv({ place, env }: Facts): Promise<EnvLook> {
  const [programs, source, { dotEnv }] = await Promise.all([
    loadPrograms(place.root, env),
    loadConfigSource(place),
    loadEnvironment(process.cwd(), process.env),
  ]);
  const read = configReader(source);
  const { bun, node } = process.versions;
  return {
    programs,
    lint: parseLint(read),
    services: parseServices(read),
    runtime: bun ? `bun ${bun}` : `node ${node}`,
    lineOf: (path) => (read.at(path) === undefined ? null : `${source.file}:${source.lineOf(path)}`),
    originOf: (name) =>
      process.env[name] !== undefined ? "environment" : name in dotEnv.values ? ".env" : "Slipway itself",
  };
}
