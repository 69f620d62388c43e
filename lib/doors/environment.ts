import { existsSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mayStandInDotEnv, namesIn, readDotEnv } from "../formats/dotenv.ts";
import { readText } from "./files.ts";
import { rootAbove } from "./place.ts";

type Env = Readonly<Record<string, string | undefined>>;

type DotEnvFile = {
  /** All that the file assigns. */
  readonly values: Readonly<Record<string, string>>;
  /** Names that it may not set. */
  readonly out: readonly string[];
  /** Lines that no reader takes. */
  readonly unread: readonly number[];
};
/** The environment of a run, and the `.env` that a part of it comes from. */
type Environment = { readonly env: Env; readonly dotEnv: DotEnvFile; readonly isTold: boolean };

const namesFile = fileURLToPath(new URL("../../thin_client/env/dotenv_names.txt", import.meta.url));
const noDotEnv: DotEnvFile = { values: {}, out: [], unread: [] };

/** The process's own environment alone. */
export const ownEnvironment = (env: Env): Environment => ({ env, dotEnv: noDotEnv, isTold: true });

/**
 * The process's own environment, and behind it what `.env` at the outermost root of the repo around `cwd` may set. What the
 * sourced shell took from the `.env` of another repo is left out.
 */
export async function loadEnvironment(cwd: string, own: Env): Promise<Environment> {
  const root = rootAbove(realpathSync(cwd));
  const sourced = own["SLIPWAY_REPO_ROOT"];
  const isHere = sourced !== undefined && root !== undefined && existsSync(sourced) && realpathSync(sourced) === root;
  const [dotEnv, theirs] = await Promise.all([
    root === undefined ? noDotEnv : loadDotEnv(root, own),
    sourced === undefined || isHere ? noDotEnv : loadDotEnv(sourced, own),
  ]);
  const keys = (own["SLIPWAY_DOTENV_KEYS"] ?? "").split(" ");
  const isTheirs = ([name, value]: readonly [string, unknown]) => keys.includes(name) && theirs.values[name] === value;
  const mine = Object.fromEntries(Object.entries(own).filter((pair) => !isTheirs(pair)));
  const listed = Object.entries(dotEnv.values).filter(([name]) => !dotEnv.out.includes(name));
  return { env: { ...Object.fromEntries(listed), ...mine }, dotEnv, isTold: isHere };
}

async function loadDotEnv(folder: string, own: Env): Promise<DotEnvFile> {
  const { values, beyond, unread } = await readFileOf(folder, own);
  if (beyond.length === 0) return { values, out: [], unread };
  const [{ openAsks, variableAsks }, { loadAllowed }] = await Promise.all([
    import("../config/trust.ts"),
    import("./trust.ts"),
  ]);
  const open = openAsks(variableAsks(only(values, beyond)), loadAllowed(folder, own), own);
  return { values, out: beyond.filter((name) => open.some(({ id }) => id === `.env ${name}`)), unread };
}

/** What `.env` of a repo assigns beside what it may set, which a person may allow. */
export async function dotEnvBeyond(folder: string, own: Env): Promise<Readonly<Record<string, string>>> {
  const { values, beyond } = await readFileOf(folder, own);
  return only(values, beyond);
}

const only = (values: DotEnvFile["values"], names: readonly string[]): DotEnvFile["values"] =>
  Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));

type Read = Omit<DotEnvFile, "out"> & { readonly beyond: readonly string[] };

async function readFileOf(folder: string, own: Env): Promise<Read> {
  const file = join(folder, ".env");
  // A pipe would be waited for.
  const text = statSync(file, { throwIfNoEntry: false })?.isFile() ? readText(file) : null;
  if (text === null) return { values: {}, beyond: [], unread: [] };
  const { parse } = await import("../../node_modules/dotenv/dist/index.cjs");
  const { assignments, unread } = readDotEnv(text);
  const [list, allowed] = [readText(namesFile) ?? "", namesIn(own["SLIPWAY_DOTENV_ALLOW"])];
  return {
    values: Object.fromEntries(assignments.map(({ name, line }) => [name, parse(line)[name] ?? ""])),
    beyond: assignments.map(({ name }) => name).filter((name) => !mayStandInDotEnv(name, list, allowed)),
    unread,
  };
}
