import { lookAtVersion } from "../lib/packages/look_package.ts";
import { asksPackage, releasePackage } from "../lib/packages/package.ts";
import { parseIndex } from "../lib/python/built_package.ts";
import { text } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "packages",
  about: "Build the package of this commit at the commit's version, and upload it once.",
  options: {
    index: text<string>("URL", "Upload to this index instead of the one in repo_config.yaml.", { parse: parseIndex }),
  },
  needs: ["git"],
  look: lookAtVersion,
  asks: asksPackage,
  examples: ["i release_package --index https://test.pypi.org/simple/ --dry-run"],
  steps: releasePackage,
});
