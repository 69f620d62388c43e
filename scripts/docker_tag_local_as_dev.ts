import { tagLocalAsDev } from "../lib/release/promote.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Tag the tested local image as dev in the engine, and its commit in Git.",
  options: pick("version", "skipTests"),
  needs: ["git", "engine", "registries", "log"],
  versionFromChangelog: true,
  steps: tagLocalAsDev,
});
