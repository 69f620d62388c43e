import { release } from "../lib/release/release.ts";
import { updateLock } from "../lib/release/update_lock.ts";
import { multiReleaseOptions } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { lookForGates } from "../lib/tests/look_gates.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Release dev for several architectures as one index, each started before it is pushed.",
  options: multiReleaseOptions,
  needs: ["git", "engine", "registries", "log", "pushed", "inputs"],
  look: lookForGates,
  versionFromChangelog: true,
  examples: ["i docker_release_multi_build_dev --version 1.2.0 --multi-arch linux/amd64,linux/arm64"],
  before: { steps: updateLock },
  steps: (facts, options, gates) => release({ ...facts, ...gates }, options),
});
