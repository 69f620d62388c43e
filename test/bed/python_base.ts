import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { baseImage } from "../../thin_client/engine/base.ts";
import { must } from "../../thin_client/engine/command.ts";
import type { Env } from "../../thin_client/engine/layout.ts";
import { fromFirst } from "../../thin_client/engine/packages.ts";
import { needs } from "./parts.ts";

/** The base image with what the template and the original's layout install with apt, so that builds find it there. */
export const pythonBase = "slipway/test-python:1";

const packages = fileURLToPath(
  new URL("../../thin_client/template/devops/docker_build/os_packages.txt", import.meta.url),
);

/** Brings it into the engine; a second call finds the builder's cache. */
export async function buildPythonBase(docker: Env): Promise<void> {
  const names = readFileSync(packages, "utf8")
    .split("\n")
    .filter((line) => /^[a-z]/.test(line));
  const install = `apt-get update && apt-get install -y --no-install-recommends ${names.join(" ")}`;
  const input = `FROM ${baseImage}\nRUN DEBIAN_FRONTEND=noninteractive sh -c '${install}'\n`;
  const build = async () => {
    const words = ["--provenance=false", "--load", "--tag", pythonBase, "-"];
    await must(["docker", "buildx", "build", ...words], { input, env: docker });
  };
  await fromFirst(["Debian"], build);
}

/** Waits for it, and gives its name. */
export async function ensurePythonBase(): Promise<string> {
  await needs("python");
  return pythonBase;
}
