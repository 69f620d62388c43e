import { adoptReleases, asksAdoptReleases } from "../lib/release/adopt_releases.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Record releases made before Slipway, from Git tags and registries; nothing moves.",
  options: pick("targetRegistries"),
  needs: ["git", "log"],
  look: async (facts, options) => (await import("../lib/release/look_past.ts")).lookAtPast(facts, options),
  examples: ["i release_adopt --dry-run"],
  asks: asksAdoptReleases,
  steps: adoptReleases,
});
