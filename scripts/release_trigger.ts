import { tellTrigger } from "../lib/release/branch.ts";
import { lookForTrigger } from "../lib/release/look_branch.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Show what a push calls for: a branch image, a release, or nothing, and why.",
  options: {},
  needs: ["git"],
  look: lookForTrigger,
  examples: ["i release_trigger --json"],
  steps: tellTrigger,
});
