import { script } from "../lib/run/script.ts";
import { coverageOptions } from "../lib/run/test_options.ts";
import { lookForCoverage } from "../lib/tests/look_coverage.ts";
import { coverLists, joinCoverage } from "../lib/tests/tests.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Report which lines the named test lists run, fast by default: in the terminal, as XML and as HTML.",
  options: coverageOptions,
  needs: ["git", "tree", "engine", "registries", "log"],
  look: lookForCoverage,
  examples: ["i run_coverage fast slow --target-dir src --html", "i run_coverage --stage local"],
  steps: (facts, { targetDir, html, ...options }, { files, output, ...looked }) => {
    const choice = { ...options, collectOnly: false, coverage: true, report: { targetDir, html, output } };
    const seen = { ...facts, ...looked };
    if (files.length === 0) return coverLists(seen, choice, options.testLists);
    return joinCoverage(seen, choice, options.testLists, files);
  },
});
