import { release } from "../lib/release/release.ts";
import { updateLock } from "../lib/release/update_lock.ts";
import { releaseOptions } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { lookForGates } from "../lib/tests/look_gates.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Build, test, tag and push the dev image, and point dev at it in every registry.",
  options: releaseOptions,
  needs: ["git", "engine", "registries", "log", "pushed", "inputs"],
  look: lookForGates,
  versionFromChangelog: true,
  examples: ["i docker_release_dev --version 1.2.0 --no-qa-tests"],
  before: { steps: updateLock },
  steps: (facts, options, gates) => release({ ...facts, ...gates }, options),
});
