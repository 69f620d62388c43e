import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { baseImage } from "../../thin_client/engine/base.ts";
import { must } from "../../thin_client/engine/command.ts";

/** The base image with what the template and the original's layout install with apt, so that builds find it there. */
export const pythonBase = "slipway/test-python:1";

const packages = fileURLToPath(
  new URL("../../thin_client/template/devops/docker_build/os_packages.txt", import.meta.url),
);

/** Brings it into the engine; a second call finds the builder's cache. */
export async function ensurePythonBase(): Promise<string> {
  const names = readFileSync(packages, "utf8")
    .split("\n")
    .filter((line) => /^[a-z]/.test(line));
  const install = `apt-get update && apt-get install -y --no-install-recommends ${names.join(" ")}`;
  const input = `FROM ${baseImage}\nRUN DEBIAN_FRONTEND=noninteractive sh -c '${install}'\n`;
  const build = () =>
    must(["docker", "buildx", "build", "--provenance=false", "--load", "--tag", pythonBase, "-"], { input });
  // The engine gives a new name to one of two builds that end at once.
  await build().catch(build);
  return pythonBase;
}
