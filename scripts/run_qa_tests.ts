import { dirsOption } from "../lib/run/options.ts";
import { script } from "../lib/run/script.ts";
import { versionListOptions } from "../lib/run/test_options.ts";
import { lookForTests } from "../lib/tests/look_gates.ts";
import { runTests } from "../lib/tests/tests.ts";

export default await script(import.meta.url, {
  subject: "build, test",
  about: "Run the QA tests in the container of a stage; a pass is recorded if the tree matches its commit.",
  options: { ...versionListOptions, ...dirsOption },
  needs: ["git", "tree", "engine", "registries", "log"],
  look: lookForTests,
  inDirs: () => import("../lib/container/in_dirs.ts"),
  examples: ["i run_qa_tests --stage local --version 1.2.0"],
  steps: (facts, options, seen) => runTests({ ...facts, ...seen }, options, "qa"),
});
