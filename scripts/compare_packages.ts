import { compareImages } from "../lib/packages/packages.ts";
import { lookForNamed } from "../lib/run/look_image.ts";
import { list } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "packages",
  about: "Show which pip, dpkg and npm packages were added, removed or changed between two images.",
  options: {
    images: list(
      "A B",
      "The two images, the older one first: dev, local, prod, dev-1.0.0, a digest or a full reference.",
      { positional: true, onlyTyped: true },
    ),
  },
  look: lookForNamed,
  examples: ["i compare_packages dev local", "i compare_packages dev-1.0.0 dev-1.1.0 --json"],
  steps: (facts, options, engine) => compareImages({ ...facts, engine }, options),
});
