import { pullDevTools } from "../lib/container/pull.ts";
import { pick, releasedStage } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Pull the image of the tools that several repos share.",
  options: { ...pick("version", "targetRegistries"), stage: releasedStage("prod") },
  examples: ["i docker_pull_dev_tools"],
  steps: pullDevTools,
});
