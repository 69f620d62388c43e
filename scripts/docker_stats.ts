import { containerStats } from "../lib/container/around.ts";
import { flag } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Show how much CPU, memory, network and disk your containers use.",
  options: { all: flag("Include everyone's containers, of every image.", { short: "a" }) },
  look: async (facts, options) => (await import("../lib/container/look_containers.ts")).lookAtStats(facts, options),
  examples: ["i docker_stats --all"],
  steps: containerStats,
});
