import { script } from "../lib/run/script.ts";
import { lookAtQuickstart, quickstart, quickstartOptions } from "./quickstart/plan.ts";

export default await script(import.meta.url, {
  subject: "thin client",
  about: "From a bare machine to a dev image released to three registries on it; --down removes it again.",
  options: quickstartOptions,
  place: "none",
  examples: ["i quickstart --dir ~/demo --name demo", "i quickstart --down"],
  look: lookAtQuickstart,
  steps: (_facts, options, seen) => quickstart(options, seen),
});
