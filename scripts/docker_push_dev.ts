import { pushDev } from "../lib/release/promote.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Push the tagged dev image and its Git tag, and point dev at it in every registry.",
  options: pick("version", "allowUnpushed", "targetRegistries", "breakLock"),
  needs: ["git", "engine", "registries", "log", "pushed"],
  versionFromChangelog: true,
  steps: pushDev,
});
