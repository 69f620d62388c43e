import { pull } from "../lib/container/pull.ts";
import { lookForReleased } from "../lib/run/look_image.ts";
import { dirsOption, pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "use",
  about: "Pull the image of a stage: the one that fits the code, unless it was rolled back.",
  options: { ...pick("stage", "version", "targetRegistries"), ...dirsOption },
  look: lookForReleased,
  inDirs: () => import("../lib/container/in_dirs.ts"),
  examples: ["i docker_pull -s prod"],
  steps: (facts, options, seen) => pull({ ...facts, ...seen }, options),
});
