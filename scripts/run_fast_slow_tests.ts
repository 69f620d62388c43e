import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { versionListOptions } from "../lib/run/test_options.ts";
import { lookForTests } from "../lib/tests/look_gates.ts";
import { runLists } from "../lib/tests/tests.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Run the fast and the slow tests in the container of a stage; fails at the end where one of them failed.",
  options: { ...versionListOptions, ...pick("abortOnFirstError") },
  needs: ["git", "tree", "engine", "registries", "log"],
  look: lookForTests,
  examples: ["i run_fast_slow_tests --stage local --version 1.2.0"],
  steps: (facts, options, seen) => runLists({ ...facts, ...seen }, options, ["fast", "slow"]),
});
