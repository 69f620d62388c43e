import { loadNested } from "../lib/doors/runnable_dirs.ts";
import { releaseOnOwnDev, releaseUnlessDone } from "../lib/flows/release.ts";
import { releaseOptions } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

const { poetryMode: _, ...options } = releaseOptions;

export default await script(import.meta.url, {
  subject: "release",
  about: "Release dev and then, from its verified digest, prod of the same version.",
  options,
  stage: "prod",
  needs: ["git", "engine", "registries", "log", "pushed", "inputs"],
  look: loadNested,
  versionFromChangelog: true,
  examples: ["i docker_release_all --version 1.2.0"],
  before: { stage: "dev", steps: (facts, options, nested) => releaseUnlessDone({ ...facts, nested }, options) },
  steps: (facts, options, nested) => releaseOnOwnDev({ ...facts, nested }, options),
});
