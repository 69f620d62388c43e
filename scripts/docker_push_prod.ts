import { pushProd } from "../lib/release/promote.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Push the tested prod image and its Git tag, and point prod at it in every registry.",
  options: pick("version", "devVersion", "skipTests", "allowUnpushed", "targetRegistries", "breakLock"),
  stage: "prod",
  needs: ["git", "engine", "registries", "log", "pushed", "inputs"],
  versionFromChangelog: true,
  examples: ["i docker_push_prod --version 1.2.0"],
  steps: pushProd,
});
