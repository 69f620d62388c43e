import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { baseImage } from "../../thin_client/engine/base.ts";
import { must } from "../../thin_client/engine/command.ts";
import type { Env } from "../../thin_client/engine/layout.ts";
import { fromFirst } from "../../thin_client/engine/packages.ts";
import { needs } from "./parts.ts";

/**
 * The first stage of the template's image: Debian with what the template, and so the original's layout, install with apt.
 * Builds of the template on the base image find its layers in the builder's cache.
 */
export const pythonBase = "slipway/test-python:1";

const template = fileURLToPath(new URL("../../thin_client/template", import.meta.url));

/** Brings it into the engine; a second call finds the builder's cache. */
export async function buildPythonBase(docker: Env): Promise<void> {
  const file = join(template, "devops/docker_build/dev.Dockerfile");
  const words = ["--file", file, "--target", "base", "--build-arg", `BASE_IMAGE=${baseImage}`, "--tag", pythonBase];
  await fromFirst(["Debian"], async () => {
    await must(["docker", "buildx", "build", "--provenance=false", "--load", ...words, template], { env: docker });
  });
}

/** Waits for it, and gives its name. */
export async function ensurePythonBase(): Promise<string> {
  await needs("python");
  return pythonBase;
}
