import { mirror } from "../lib/release/mirror.ts";
import { flag, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Copy a released image by digest to registries that lag behind.",
  options: {
    ...pick("version", "stage", "targetRegistries", "breakLock"),
    check: flag("Only report which registries lag behind; exits 1 if any does."),
  },
  needs: ["git", "registries", "log"],
  versionFromChangelog: true,
  examples: ["i release_mirror --check"],
  steps: mirror,
});
