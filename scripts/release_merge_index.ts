import { mergeIndex } from "../lib/release/merge_index.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Release one index of images that were built and tested natively on several machines.",
  options: pick("version", "images", "allowUnpushed", "targetRegistries", "breakLock"),
  needs: ["git", "engine", "registries", "log", "pushed", "inputs"],
  versionFromChangelog: true,
  examples: ["i release_merge_index --version 1.2.0 --images local-ada-1.2.0,local-bob-1.2.0"],
  steps: mergeIndex,
});
