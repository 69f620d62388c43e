import { asksRollback, rollback } from "../lib/release/rollback.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Point dev back at an earlier version in every registry; versions never move.",
  options: pick("version", "message", "targetRegistries", "breakLock"),
  needs: ["git", "registries", "log"],
  look: async (facts, options) =>
    options.version
      ? facts.registries
      : (await import("../lib/release/look_releases.ts")).lookAtCandidates(facts, options),
  examples: ["i docker_rollback_dev --version 1.0.0 --message 'pandas breaks the loader'"],
  asks: asksRollback,
  steps: rollback,
});
