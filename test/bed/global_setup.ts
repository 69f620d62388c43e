import { startBed } from "./parts.ts";

/**
 * Starts the bed and tells the workers where it is, once for all projects of a run. `npm test` asks for all parts at once,
 * side by side; a run of some files gets what these need, when they need it. A part that cannot come up fails the tests
 * that wait for it, and no others.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env["SLIPWAY_BED"] !== undefined) return undefined;
  // The stack trace that vitest would write fails in this process, and would be told in the place of every error.
  Reflect.deleteProperty(Error, "prepareStackTrace");
  const bed = await startBed(process.pid);
  Object.assign(process.env, bed.env);
  if (process.env["npm_lifecycle_event"] === "test") {
    bed.prefetch("engine", "registries", "tiny", "base", "emulation", "moto", "python", "thin_env");
    bed.prefetch("skopeo", "tmux", "zsh", "invoke", "strace", "chromium", "setuptools_scm", "python_build");
  }
  return bed.end;
}
