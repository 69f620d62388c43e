import { interval } from "../lib/release/report_options.ts";
import { waitForRuns } from "../lib/repo/github.ts";
import { branchOption } from "../lib/repo/github_options.ts";
import { lookForPushed } from "../lib/repo/look_runs.ts";
import { script } from "../lib/run/script.ts";

export default await script(import.meta.url, {
  subject: "repo",
  about: "Wait until the runs on GitHub of a branch's commit have ended; exits 1 if one failed.",
  options: {
    branch: branchOption("branch", "Branch to watch (default: the one checked out)."),
    interval,
  },
  needs: ["git"],
  look: lookForPushed,
  examples: ["i gh_watch", "i gh_watch --branch main --interval 30"],
  steps: waitForRuns,
});
