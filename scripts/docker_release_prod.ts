import { release } from "../lib/release/release.ts";
import { pick, releaseOptions } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { lookForGates } from "../lib/tests/look_gates.ts";

const { poetryMode: _, ...options } = releaseOptions;

export default await script(import.meta.url, {
  subject: "release",
  about:
    "Build prod on the released dev digest, test it with nothing mounted, push it, and point prod at it everywhere.",
  options: { ...options, ...pick("devVersion") },
  stage: "prod",
  needs: ["git", "engine", "registries", "log", "pushed", "inputs"],
  look: lookForGates,
  versionFromChangelog: true,
  examples: ["i docker_release_prod --version 1.2.0", "i docker_release_prod --version 1.2.1 --dev-version 1.2.0"],
  steps: (facts, options, gates) => release({ ...facts, ...gates }, options),
});
