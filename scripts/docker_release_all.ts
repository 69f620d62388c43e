import { releaseOnOwnDev, releaseUnlessDone } from "../lib/flows/release.ts";
import { lookForGates } from "../lib/run/look_gates.ts";
import { releaseOptions } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

const { poetryMode: _, ...options } = releaseOptions;

export default await script(import.meta.url, {
  subject: "release",
  about: "Release dev and then, from its verified digest, prod of the same version.",
  options,
  stage: "prod",
  needs: ["git", "engine", "registries", "log", "pushed", "inputs"],
  look: lookForGates,
  versionFromChangelog: true,
  examples: ["i docker_release_all --version 1.2.0"],
  before: { stage: "dev", steps: (facts, options, gates) => releaseUnlessDone({ ...facts, ...gates }, options) },
  steps: (facts, options, gates) => releaseOnOwnDev({ ...facts, ...gates }, options),
});
