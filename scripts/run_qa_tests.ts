import { runTests } from "../lib/flows/tests.ts";
import { pick } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  about: "Run the qa tests in the container of a stage; a pass of committed code is recorded.",
  options: pick("stage", "version", "pytestOpts"),
  needs: ["git", "engine", "registries", "log"],
  examples: ["i run_qa_tests --stage local --version 1.2.0"],
  steps: (facts, options) => runTests(facts, options, "qa"),
});
