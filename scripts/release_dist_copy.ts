import { lookAtDist } from "../lib/packages/look_package.ts";
import { distCopy } from "../lib/packages/package.ts";
import { list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "release",
  about: "Copy built packages into build contexts, whose images install what is in /pkg/.",
  options: {
    dirs: list("DIRS", "The dir with the packages, then the dirs that get them.", {
      positional: true,
      parse: (value) => [value],
    }),
  },
  look: lookAtDist,
  examples: ["i release_dist_copy dist docker/pkg rpi-docker/pkg"],
  steps: distCopy,
});
