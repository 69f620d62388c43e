import { script } from "../lib/run/script.ts";
import { asksForEngine, engineOptions, engineSteps, lookFor } from "./engine/plan.ts";

export default await script(import.meta.url, {
  subject: "thin client",
  about: "Bring up a private Docker engine and loopback registries on a machine that has none.",
  options: engineOptions,
  place: "none",
  bareJson: true,
  examples: ["i engine up --yes --registries --base", "i engine status --json", "i engine down --purge"],
  look: lookFor,
  asks: (_facts, options, seen) => asksForEngine(options, seen),
  steps: (_facts, options, seen) => engineSteps(options, seen),
});
