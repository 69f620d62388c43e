import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { loadProcess, startTime } from "../../lib/doors/processes.ts";
import { UserError } from "../../lib/errors.ts";
import { lockedVersion, writeProduction } from "./lock.ts";
import type { Places } from "./places.ts";

const npmWords = [
  "ci",
  "--omit=dev",
  "--ignore-scripts",
  "--include=optional",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
  "--no-update-notifier",
];
const day = 24 * 60 * 60 * 1000;

/** True when the env is complete: it gets its name only then. Throws where permission denied see whether it is there. */
export const hasShared = (at: Places): boolean =>
  statSync(join(at.env, "node_modules"), { throwIfNoEntry: false }) !== undefined;

/** Installs the production dependencies under a temporary name; the first of several that do so at once wins. */
export async function buildShared(at: Places): Promise<void> {
  mkdirSync(at.shared, { recursive: true });
  const made = join(at.shared, `${unfinished()}${process.pid}-${Date.now()}`);
  mkdirSync(made);
  try {
    sweepShared(at.shared, made);
    writeProduction(at.root, made);
    await npmInstall(made);
    copyFileSync(join(at.root, "package-lock.json"), join(made, "package-lock.json"));
    placeBun(made, lockedVersion(at.root, "bun"));
    protect(join(made, "node_modules"));
    renameSync(made, at.env);
  } catch (error) {
    if (!hasShared(at)) throw error;
  } finally {
    remove(made);
  }
}

/** What npm says goes to stderr as it comes; a failure keeps its exit code. */
function npmInstall(dir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const npm = spawn("npm", npmWords, { cwd: dir, stdio: ["ignore", 2, 2] });
    const stop = (signal: NodeJS.Signals) => npm.kill(signal);
    process.once("SIGINT", stop).once("SIGTERM", stop).once("SIGHUP", stop);
    const failed = (what: string, code: number | null, cause?: Error) =>
      new UserError(
        what,
        {
          why: "the thin env holds exactly the packages of package-lock.json, and npm installs them.",
          fix: "Fix what npm says above (the network, a proxy, the disk), then run this again.",
          exitCode: code ?? 130,
          kind: "npm",
        },
        { cause },
      );
    npm.once("error", (error) => reject(failed("npm could not be started", 127, error)));
    npm.once("close", (code) => {
      process.off("SIGINT", stop).off("SIGTERM", stop).off("SIGHUP", stop);
      if (code === 0) resolve();
      else reject(failed(`npm ${npmWords.slice(0, 2).join(" ")} ended with ${code ?? "a signal"}`, code));
    });
  });
}

/** Install scripts are off, so bun's own dir gets a link to the binary of the platform's package. */
function placeBun(dir: string, version: string | undefined): void {
  const scope = join(dir, "node_modules", "@oven");
  const names = existsSync(scope) ? readdirSync(scope) : [];
  const name = names.find((each) => runs(join(scope, each, "bin", "bun"), version));
  const bin = join(dir, "node_modules", "bun", "bin");
  for (const file of ["bun.exe", "bunx.exe"]) {
    rmSync(join(bin, file), { force: true });
    if (name !== undefined) symlinkSync(join("..", "..", "@oven", name, "bin", "bun"), join(bin, file));
  }
  if (name !== undefined) return;
  rmSync(scope, { recursive: true, force: true });
  for (const file of ["bun", "bunx"]) rmSync(join(dir, "node_modules", ".bin", file), { force: true });
  process.stderr.write("slipway: bun does not run on this machine; the thin env uses tsx\n");
}

function runs(program: string, version: string | undefined): boolean {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8", timeout: 10_000 });
  return status === 0 && stdout.trim() === version;
}

/** The packages are one for all clones: nobody writes into them. */
function protect(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) protect(path);
    else if (!entry.isSymbolicLink()) chmodSync(path, statSync(path).mode & 0o555);
  }
  chmodSync(dir, 0o555);
}

function unprotect(dir: string): void {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true }))
    if (entry.isDirectory()) unprotect(join(dir, entry.name));
}

function remove(dir: string): void {
  if (!existsSync(dir)) return;
  unprotect(dir);
  rmSync(dir, { recursive: true, force: true });
}

/** How the name of an unfinished env of this machine begins; the same pid is another process in another PID namespace. */
const unfinished = (): string => `.new-${hostname()}-${loadProcess().namespace}-`;

/**
 * Removes what a killed run left: its process is gone, or, where that cannot be looked at from here, it is a day older than
 * what this run has just made: the clock of one file system, not those of two machines.
 */
export function sweepShared(shared: string, made: string): void {
  const own = unfinished();
  const now = statSync(made).mtimeMs;
  for (const name of readdirSync(shared).filter((each) => each.startsWith(".new-"))) {
    const isGone = name.startsWith(own) && startTime(Number(name.slice(own.length).split("-")[0])) === "";
    try {
      if (isGone || now - statSync(join(shared, name)).mtimeMs > day) remove(join(shared, name));
    } catch {
      // Another run removes the same leftover at this moment.
    }
  }
}
