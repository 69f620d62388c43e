import { lookForGatesAndProd } from "../lib/release/look_prod.ts";
import { releaseAll } from "../lib/release/release_all.ts";
import { releaseOptions } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

const { poetryMode: _, ...options } = releaseOptions;

export default await script(import.meta.url, {
  subject: "release",
  about: "Release dev and then, from its verified digest, prod of the same version.",
  options,
  stage: "both",
  needs: ["git", "engine", "registries", "log", "pushed", "inputs"],
  look: lookForGatesAndProd,
  versionFromChangelog: true,
  examples: ["i docker_release_all --version 1.2.0"],
  steps: (facts, options, seen) => releaseAll({ ...facts, ...seen }, options),
});
