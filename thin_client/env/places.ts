import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where everything of one thin env lies. */
export type Places = {
  /** The Slipway clone. */
  readonly root: string;
  /** The dir of all shared envs of this user. */
  readonly shared: string;
  /** The env that fits this clone's lock file, this platform and its libc. */
  readonly env: string;
  /** The dirs of commands, one for each set of script names. */
  readonly commands: string;
  /** What is known about the versions of the tools. */
  readonly tools: string;
};

/** The places that belong to the clone which this file lies in. */
export function places(environment: NodeJS.ProcessEnv): Places {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const data = join(environment["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "slipway");
  const shared = join(data, "env");
  const tools = join(data, "tools.json");
  return { root, shared, env: join(shared, envName(root)), commands: join(data, "commands"), tools };
}

/** The platform comes first, so that a home dir which several machines share holds an env for each of them. */
function envName(root: string): string {
  const platform = `${process.platform}-${process.arch}${libc()}`;
  const hash = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .update(platform)
    .digest("hex");
  return `${platform}-${hash.slice(0, 16)}`;
}

function libc(): string {
  if (process.platform !== "linux") return "";
  if (!existsSync("/lib")) return "-glibc";
  return readdirSync("/lib").some((name) => name.startsWith("ld-musl-")) ? "-musl" : "-glibc";
}
