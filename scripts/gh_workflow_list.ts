import { listRuns } from "../lib/repo/github.ts";
import { branchOption } from "../lib/repo/github_options.ts";
import { lookForRuns } from "../lib/repo/look_runs.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "List the newest run of each workflow on GitHub, of the main branch and this one; exits 1 if one failed.",
  options: { branch: branchOption("branch", "Branch beside the main one (default: the one checked out).") },
  needs: ["git"],
  look: lookForRuns,
  examples: ["i gh_workflow_list", "i gh_workflow_list --branch feature/doodad --json"],
  steps: listRuns,
});
