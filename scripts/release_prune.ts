import { asksPrune, prune } from "../lib/release/prune.ts";
import { olderThan } from "../lib/release/report_options.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about:
    "Remove images of deleted branches, commits beyond release.keep, and old local images and candidates; asks first.",
  options: { ...pick("targetRegistries"), olderThan },
  needs: ["git", "log"],
  look: async (facts, options) => (await import("../lib/release/look_prune.ts")).lookAtImages(facts, options),
  examples: ["i release_prune --dry-run", "i release_prune --older-than 90"],
  asks: asksPrune,
  steps: prune,
});
