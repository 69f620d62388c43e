import { printEnv } from "../lib/machine/env.ts";
import { lookForEnv } from "../lib/machine/look_env.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "report",
  about: "Show what the toolchain sees: versions, repo, each value of the config and where it comes from; no secret.",
  options: {},
  needs: ["engine"],
  look: lookForEnv,
  examples: ["i env_print --json"],
  steps: (facts, _options, seen) => printEnv(facts, seen),
});
