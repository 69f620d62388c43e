import { asksRollback, rollback } from "../lib/release/rollback.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Point prod back at an earlier version in every registry; versions never move.",
  options: pick("version", "message", "targetRegistries", "breakLock"),
  stage: "prod",
  needs: ["git", "registries", "log"],
  look: async (facts, options) =>
    options.version
      ? facts.registries
      : (await import("../lib/release/look_releases.ts")).lookAtCandidates(facts, options),
  examples: ["i docker_rollback_prod --version 1.1.0 --message 'orders time out'"],
  asks: asksRollback,
  steps: rollback,
});
