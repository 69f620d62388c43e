import { releaseOnOwnDev, releaseUnlessDone } from "../lib/flows/release.ts";
import { releaseOptions } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

const { poetryMode: _, ...options } = releaseOptions;

export default await script(import.meta.url, {
  subject: "release",
  about: "Release dev and then, from its verified digest, prod of the same version.",
  options,
  stage: "prod",
  needs: ["git", "engine", "registries", "log", "pushed", "nested", "inputs"],
  versionFromChangelog: true,
  examples: ["i docker_release_all --version 1.2.0"],
  before: { stage: "dev", steps: releaseUnlessDone },
  steps: releaseOnOwnDev,
});
