import { startWorkflows } from "../lib/repo/github.ts";
import { branchOption, workflowsOption } from "../lib/repo/github_options.ts";
import { lookForStart } from "../lib/repo/look_runs.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Start workflows on GitHub on a branch as it was pushed, unless they run on its commit already.",
  options: {
    workflows: workflowsOption,
    branch: branchOption("branch", "Branch to run them on (default: the one checked out)."),
  },
  needs: ["git"],
  look: lookForStart,
  examples: ["i gh_workflow_run", "i gh_workflow_run slow_tests --branch main"],
  steps: startWorkflows,
});
