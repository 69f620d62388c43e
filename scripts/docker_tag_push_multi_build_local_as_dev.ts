import { tagPushLocalAsDev } from "../lib/release/promote.ts";
import { multiReleaseOptions, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Tag the tested local index as dev, in the engine and in Git, and push it to every registry.",
  options: {
    ...pick("version", "skipTests", "allowUnpushed", "targetRegistries", "breakLock"),
    multiArch: multiReleaseOptions.multiArch,
  },
  needs: ["git", "engine", "registries", "log", "pushed"],
  versionFromChangelog: true,
  examples: ["i docker_tag_push_multi_build_local_as_dev --version 1.2.0"],
  steps: tagPushLocalAsDev,
});
