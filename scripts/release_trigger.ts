import { tellTrigger } from "../lib/flows/branch.ts";
import { lookForTrigger } from "../lib/run/look_branch.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Tell what a push asks for: an image of the branch, a release, or nothing and why.",
  options: {},
  needs: ["git"],
  look: lookForTrigger,
  examples: ["i release_trigger --json"],
  steps: tellTrigger,
});
