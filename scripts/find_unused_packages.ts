import { loadPackages } from "../lib/doors/pyproject.ts";
import { findUnused } from "../lib/flows/packages.ts";
import { lookForImage } from "../lib/run/look_image.ts";
import { list, pick, text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "packages",
  about: "Tell which packages of pyproject.toml nobody uses; exit code 1 when there is one.",
  options: {
    ...pick("stage", "version"),
    where: text<string>("NAME", "Tell as file:line where this package is used; exit code 1 when it is nowhere."),
    also: list("DIRS", "Read these folders too, comma-separated and relative to the repo's root."),
  },
  look: async (facts, options) => {
    const [seen, packages] = await Promise.all([lookForImage(facts, options), loadPackages(facts)]);
    return { seen, packages };
  },
  examples: ["i find_unused_packages --stage local", "i find_unused_packages --where dill"],
  steps: (facts, options, { seen, packages }) => findUnused({ ...facts, ...seen }, options, packages),
});
