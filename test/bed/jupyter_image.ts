import { baseImage } from "../../thin_client/engine/base.ts";
import { must } from "../../thin_client/engine/command.ts";
import { needs } from "./parts.ts";

/** The base image with Debian's Jupyter server, under these names; a second call finds the builder's cache. */
export async function ensureJupyter(...names: readonly string[]): Promise<void> {
  await needs("base");
  const install = "apt-get install -y --no-install-recommends python3-jupyter-server";
  const input = `FROM ${baseImage}\nRUN apt-get update && DEBIAN_FRONTEND=noninteractive ${install}\nWORKDIR /app\n`;
  const tags = names.flatMap((name) => ["--tag", name]);
  await must(["docker", "buildx", "build", "--provenance=false", "--load", ...tags, "-"], { input });
}
