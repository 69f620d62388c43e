import { loadPackages } from "../lib/doors/pyproject.ts";
import { findUnused } from "../lib/packages/packages.ts";
import { lookForImage } from "../lib/run/look_image.ts";
import { list, pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "packages",
  about: "List the packages of pyproject.toml that nothing uses; exits 1 if there are any.",
  options: {
    ...pick("stage", "version"),
    where: text<string>("NAME", "Show where this package is used, as file:line; exits 1 if nowhere."),
    also: list("DIRS", "Also read these folders, comma-separated and relative to the repo's root."),
  },
  look: async (facts, options) => {
    const [seen, packages] = await Promise.all([lookForImage(facts, options), loadPackages(facts)]);
    return { seen, packages };
  },
  examples: ["i find_unused_packages --stage local", "i find_unused_packages --where dill"],
  steps: (facts, options, { seen, packages }) => findUnused({ ...facts, ...seen }, options, packages),
});
