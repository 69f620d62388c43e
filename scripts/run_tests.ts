import { pick, testListsOption } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { versionListOptions } from "../lib/run/test_options.ts";
import { lookForTests } from "../lib/tests/look_gates.ts";
import { runLists } from "../lib/tests/tests.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about:
    "Run the named test lists in the container of a stage, one after the other; fails at the end where one of them failed.",
  options: { testLists: testListsOption, ...versionListOptions, ...pick("abortOnFirstError") },
  needs: ["git", "tree", "engine", "registries", "log"],
  look: lookForTests,
  examples: ["i run_tests fast qa --stage local --version 1.2.0"],
  steps: (facts, options, seen) => runLists({ ...facts, ...seen }, options, options.testLists),
});
